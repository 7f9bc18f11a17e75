"""The faults that `faults.py` does to a device: what is done, and what is wanted.

Plain data. A row is done to the whole running service by a deed, or by tests.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.rigs.fault_deeds import (
    SYSTEMD_S,
    Rig,
    full_disk,
    full_memory,
    held_requests,
    kill_count,
    kill_page,
    kill_service,
    lose_page,
    no_memory,
    port_taken,
    read_only,
    slow_readers,
    starve,
    stop_count,
    stop_page,
)

from leukoscope_edge.service import ALLOW_S
from leukoscope_edge.web.records_error_page import LOOK_AGAIN_S

SOON_S = 5.0
"""The promise: kill -9 of any process, and back at work."""
HUNG_S = ALLOW_S + 8.0
"""A process that stands still is given its due time before it is ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row.

    Attributes:
        number: In the plan of faults.
        name: What is done.
        wanted: The state expected.
        limit_s: Latest recovery, 0 where there is nothing to wait for.
        do: Does it once to the running service and returns the recovery's seconds;
            None where tests do it.
        tests: What pytest runs.
        needs_root: It mounts.
        shares: It must share the cores as usual: loops with a real-time priority keep
            the kernel itself from writing to the disk.
    """

    number: int
    name: str
    wanted: str
    limit_s: float = 0.0
    do: Callable[[Rig], float] | None = None
    tests: tuple[str, ...] = ()
    needs_root: bool = False
    shares: bool = False

    @property
    def has_cores(self) -> bool:
        """Whether `chrt` may give it the cores."""
        return self.do is not None and not self.shares


UPDATES, RECORDS, CAPTURE = (
    "tests/edge/updates",
    "tests/edge/records",
    "tests/edge/capture",
)
CHOOSE = "tests/edge/inference/test_backend.py"
FAULTS = (
    Fault(
        number=1,
        name="kill -9 of the count",
        wanted="the slide is taken up again, no cell lost or doubled",
        limit_s=SOON_S,
        do=kill_count,
    ),
    Fault(
        number=1,
        name="kill -9 of the page",
        wanted="the count does not notice; the page answers",
        limit_s=SOON_S,
        do=kill_page,
    ),
    Fault(
        number=1,
        name="kill -9 of the supervisor",
        wanted="all end; started anew, the slide can be gone on with",
        limit_s=SOON_S + SYSTEMD_S,
        do=kill_service,
    ),
    Fault(
        number=1,
        name="kill -9 at every step of an update or a record",
        wanted="the old state or the new one",
        tests=(f"{UPDATES}/test_faults.py", f"{RECORDS}/test_rigs.py"),
    ),
    Fault(
        number=2,
        name="power cut",
        wanted="nothing acknowledged is lost",
        tests=(f"{UPDATES}/test_own_disk.py", "tests/tools/test_update_faults.py"),
    ),
    Fault(
        number=3,
        name="disk full in the middle of a slide",
        wanted="no new slide; the running one ends",
        limit_s=SOON_S,
        do=full_disk,
        needs_root=True,
    ),
    Fault(
        number=3,
        name="the memory of the beats full, and kill -9 of the count",
        wanted="nobody else ends; the slide is taken up again",
        limit_s=SOON_S,
        do=full_memory,
        needs_root=True,
    ),
    Fault(
        number=4,
        name="read-only disk",
        wanted="the page says why; no spin; well again by itself",
        limit_s=LOOK_AGAIN_S + SOON_S,
        do=read_only,
        needs_root=True,
    ),
    Fault(
        number=5,
        name="a page of the records is lost with the power",
        wanted="mended before the page answers; no event is lost",
        limit_s=SOON_S,
        do=lose_page,
    ),
    Fault(
        number=5,
        name="damaged files: records, models, commit file",
        wanted="another copy, or refused in words",
        tests=(
            f"{UPDATES}/test_damage.py",
            f"{RECORDS}/test_recovery.py",
            f"{RECORDS}/test_maintenance.py",
        ),
    ),
    Fault(
        number=5,
        name="a bit of the log, an empty or foreign database, a forged end",
        wanted="all is there, or what is not is said",
        tests=(
            f"{RECORDS}/test_write_ahead_log.py",
            f"{RECORDS}/test_witnesses.py",
            f"{RECORDS}/test_rigs.py::"
            "test_no_fault_of_disk_or_hand_takes_anything_back_without_a_word",
        ),
    ),
    Fault(
        number=5,
        name="a reader held while erasing; a restore on another device",
        wanted="said until the key is gone; nobody else is erased",
        tests=(
            f"{RECORDS}/test_store.py::"
            "test_an_erasure_beside_a_reader_says_so_until_the_log_is_empty",
            f"{RECORDS}/backups/test_backup.py::"
            "test_nobody_is_erased_for_having_another_devices_number",
        ),
    ),
    Fault(
        number=6,
        name="another card under the same id, a slide in review",
        wanted="refused; signed by its own card or not at all",
        tests=(
            f"{UPDATES}/test_trial.py::"
            "test_an_id_that_is_here_with_another_card_is_refused",
            "tests/edge/web/test_update_session.py::"
            "test_a_slide_is_signed_by_the_card_that_judged_it_or_not_at_all",
        ),
    ),
    Fault(
        number=6,
        name="corrupt or hostile model",
        wanted="refused by hash, by limits, by self-test",
        tests=(
            "tests/edge/inference/test_onnx_policy.py",
            f"{UPDATES}/test_trial.py",
            f"{UPDATES}/test_attacks.py",
        ),
    ),
    Fault(
        number=7,
        name="TensorRT absent, crashing, hanging, talking nonsense",
        wanted="the next frame is judged by the CPU, visibly",
        tests=(CHOOSE,),
    ),
    Fault(
        number=7,
        name="the engine that serves answers wrongly, at its start or later",
        wanted="nothing is screened, and Home says why",
        tests=("tests/edge/live/test_counting_process.py",),
    ),
    Fault(
        number=8,
        name="another back end than asked for",
        wanted="written into the result",
        tests=(
            f"{CHOOSE}::test_the_cpu_on_demand_is_no_fallback",
            f"{RECORDS}/slides/test_count_writer.py::"
            "test_a_change_of_engine_is_a_note_of_the_slide",
        ),
    ),
    Fault(
        number=9,
        name="camera: absent, frozen, black, torn, late, hung, crashed, unplugged",
        wanted="a fault in the place of a frame; opened anew",
        tests=(
            f"{CAPTURE}/test_live.py",
            f"{CAPTURE}/test_frame_check.py",
            "tests/edge/test_faults.py",
        ),
    ),
    Fault(
        number=10,
        name="wrong clock: 1970, 2038, 2050, back in the middle of a slide",
        wanted="order kept, nothing stopped, W01",
        tests=(
            f"{UPDATES}/test_clock.py",
            f"{UPDATES}/test_attacks.py::"
            "test_no_clock_lets_an_old_stick_in_or_keeps_a_new_one_out",
            f"{RECORDS}/slides/test_slide_reader.py::"
            "test_order_is_by_number_whatever_the_clock_says",
        ),
    ),
    Fault(
        number=11,
        name="no memory for the count",
        wanted="it ends, the page lives, the slide is taken up again",
        limit_s=SOON_S,
        do=no_memory,
    ),
    Fault(
        number=12,
        name="the count stands still (SIGSTOP)",
        wanted="ended when its beat is overdue",
        limit_s=HUNG_S,
        do=stop_count,
    ),
    Fault(
        number=12,
        name="the page stands still (SIGSTOP)",
        wanted="ended when its beat is overdue; the count does not notice",
        limit_s=HUNG_S,
        do=stop_page,
    ),
    Fault(
        number=12,
        name="four busy loops on the cores",
        wanted="slower; nobody is ended",
        limit_s=SOON_S,
        do=starve,
        shares=True,
    ),
    Fault(
        number=13,
        name="too hot",
        wanted="half as many frames, then a pause with the reason",
        tests=(
            "tests/edge/service/test_heat.py",
            "tests/edge/live/test_counting_heat.py",
        ),
    ),
    Fault(
        number=14,
        name="USB stick: pulled, full, write-protected, changed while read, hostile",
        wanted="a code or one line; the model unchanged, no half file",
        tests=(f"{UPDATES}/test_stick.py", "tests/edge/media/test_root_helper.py"),
    ),
    Fault(
        number=15,
        name="two updaters, two services, two writers",
        wanted="the second is told",
        tests=(
            f"{UPDATES}/test_slots.py::test_two_updaters_do_not_meet",
            "tests/edge/service/test_supervisor.py::"
            "test_two_services_on_the_same_records_are_refused",
            "tests/edge/service/test_supervisor.py::"
            "test_one_folder_by_a_bind_mount_is_one_service",
            f"{RECORDS}/test_store.py::test_threads_and_a_second_process_write_one_chain",
        ),
    ),
    Fault(
        number=16,
        name="two hundred half requests",
        wanted="the count does not notice; the page comes back",
        limit_s=SOON_S,
        do=slow_readers,
    ),
    Fault(
        number=16,
        name="two hundred half requests held from elsewhere",
        wanted="the page answers meanwhile",
        limit_s=SOON_S,
        do=held_requests,
    ),
    Fault(
        number=16,
        name="another program has the port",
        wanted="tried again until it is free",
        limit_s=2 * SOON_S,
        do=port_taken,
    ),
    Fault(
        number=17,
        name="leaks of descriptors, threads, children",
        wanted="none; `tools/soak.py` for longer",
        tests=(
            "tests/edge/service/test_supervisor.py::"
            "test_neither_the_kernel_s_table_nor_ours_fills_up",
            "tests/edge/service/test_supervisor.py::"
            "test_what_a_dead_part_leaves_behind_is_ended",
            f"{CAPTURE}/test_live.py::test_no_process_is_left_behind",
        ),
    ),
    Fault(
        number=18,
        name="records of a newer program, a migration that stops",
        wanted="left alone, in words",
        tests=(
            f"{RECORDS}/test_database.py::test_records_of_a_newer_program_are_left_alone",
            f"{RECORDS}/test_recovery.py::test_a_recovery_that_a_stop_caught_is_ended",
        ),
    ),
    Fault(
        number=19,
        name="a report cannot be written",
        wanted="the record is safe, no half file",
        tests=("tests/edge/test_durable.py::test_a_full_disk_leaves_no_half_file",),
    ),
    Fault(
        number=20,
        name="a flood of log lines",
        wanted="capped by systemd",
        tests=(
            "tests/firmware_config/test_firmware.py::test_a_flood_of_lines_is_capped",
        ),
    ),
)
