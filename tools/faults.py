"""Break the device in twenty ways and write down what came of it.

    python tools/faults.py                       # as root, some ten minutes
    chrt -r 1 python tools/faults.py --runs 3 --kills 67 --out docs/faults.md

With `chrt -r 1` the live faults have the cores to themselves, as on a device, whatever
else the machine does; the tests give them back.

A fault is either done to the whole running service, as often as `--runs` says, with the
time from the end of the fault until it is back at work; or it is done by tests in
`tests/`, which are run and counted. A violation is a failed test, a lost or doubled
cell, a broken audit chain, a verdict that nobody asked for, or no recovery at all. One
that comes later than promised is late. Exit 1 where there is either.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fault_deeds import (
    PORT,
    SYSTEMD_S,
    Rig,
    ViolationError,
    full_disk,
    kill_count,
    kill_page,
    kill_service,
    lose_page,
    no_memory,
    port_taken,
    read_only,
    run,
    slow_readers,
    starve,
    stop_count,
    stop_page,
)
from soak import Device, running

from leukoscope_edge.service.heartbeat import ALLOW_S
from leukoscope_edge.web.records_error_page import LOOK_AGAIN_S

ROOT = Path(__file__).resolve().parents[1]
MARK = "<!-- the table: python tools/faults.py --out docs/faults.md -->"
HEAD = (
    "| # | fault | wanted | done | runs | violations | late "
    "| p50 s | p95 s | max s | limit s |"
)
SOON_S = 5.0
"""The promise: kill -9 of any process, and back at work."""
HUNG_S = ALLOW_S + 8.0
"""A process that stands still is given its due time before it is ended."""
FORGETS_S = 0.5
PAGE_DISK_BYTES = 400 << 20
COUNTED = re.compile(r"(\d+) (passed|failed|error|skipped)")


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


@dataclass(slots=True, kw_only=True)
class Row:
    """What came of a fault."""

    fault: Fault
    runs: int = 0
    skipped: str = ""
    violations: list[str] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)

    @property
    def n_late(self) -> int:
        """How many recoveries took longer than promised."""
        return sum(t > self.fault.limit_s for t in self.times_s)


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
        number=8,
        name="another back end than asked for",
        wanted="written into the result",
        tests=(
            f"{CHOOSE}::test_the_cpu_on_demand_is_no_fallback",
            f"{RECORDS}/test_store.py::test_a_change_of_engine_is_a_note_of_the_slide",
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
            f"{RECORDS}/test_store.py::test_order_is_by_number_whatever_the_clock_says",
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
            "tests/edge/web/test_counting_heat.py",
        ),
    ),
    Fault(
        number=14,
        name="USB stick: pulled, full, write-protected, changed while read, hostile",
        wanted="a code or one line; the model unchanged, no half file",
        tests=(f"{UPDATES}/test_stick.py", "tests/edge/service/test_stick.py"),
    ),
    Fault(
        number=15,
        name="two updaters, two services, two writers",
        wanted="the second is told",
        tests=(
            f"{UPDATES}/test_install.py::test_two_updaters_do_not_meet",
            "tests/edge/service/test_supervisor.py::"
            "test_two_services_on_the_same_records_are_refused",
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
            f"{RECORDS}/test_store.py::test_records_of_a_newer_program_are_left_alone",
            f"{RECORDS}/test_recovery.py::test_a_recovery_that_a_stop_caught_is_ended",
        ),
    ),
    Fault(
        number=19,
        name="a report cannot be written",
        wanted="the record is safe, no half file",
        tests=(f"{RECORDS}/test_records.py::test_a_full_disk_leaves_no_half_file",),
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


def main() -> int:
    """Break, write down, and say whether anything gave way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="of each fault done live")
    parser.add_argument("--kills", type=int, help="runs of fault 1; default: --runs")
    parser.add_argument("--only", type=int, action="append", help="a fault's number")
    parser.add_argument("--live", action="store_true", help="leave the tests out")
    parser.add_argument("--out", type=Path, help="a document with the table's mark")
    options = parser.parse_args()
    chosen = [f for f in FAULTS if not options.only or f.number in options.only]
    if options.live:
        chosen = [f for f in chosen if f.do is not None]
    rows: dict[int, Row] = {}
    for place, fault in sorted(enumerate(chosen), key=lambda i: not i[1].has_cores):
        if not fault.has_cores:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        n_runs = (options.kills if fault.number == 1 else None) or options.runs
        rows[place] = _done(fault, n_runs)
        print(_line(rows[place]), flush=True)
        for violation in rows[place].violations:
            print(f"    {violation}", file=sys.stderr)
    if options.out:
        _publish(options.out, [rows[place] for place in sorted(rows)])
    return int(any(row.violations or row.n_late for row in rows.values()))


def _done(fault: Fault, n_runs: int) -> Row:
    if fault.do is None:
        return _tested(fault)
    row = Row(fault=fault)
    if fault.needs_root and os.geteuid() != 0:
        row.skipped = "NOT DONE HERE: needs root"
        return row
    with _folder(on_own_disk=fault.needs_root) as folder:
        device = Device(folder / "data", port=PORT, forgets_s=FORGETS_S)
        with running(device):
            rig = Rig(device)
            for _ in range(n_runs):
                _do_once(row, fault.do, rig)
    return row


def _do_once(row: Row, do: Callable[[Rig], float], rig: Rig) -> None:
    row.runs += 1
    try:
        taken_s = do(rig)
    except (ViolationError, TimeoutError) as err:
        row.violations.append(f"run {row.runs}: {err}")
        return
    row.times_s.append(taken_s)


@contextmanager
def _folder(*, on_own_disk: bool) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        if not on_own_disk:
            yield Path(name)
            return
        size = f"size={PAGE_DISK_BYTES}"
        run("mount", "-t", "tmpfs", "-o", size, "leukoscope-faults", name)
        try:
            yield Path(name)
        finally:
            run("umount", "--lazy", name)


def _tested(fault: Fault) -> Row:
    found = subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *fault.tests],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    counts = {word: int(n) for n, word in COUNTED.findall(found.stdout)}
    n_bad = counts.get("failed", 0) + counts.get("error", 0)
    row = Row(fault=fault, runs=counts.get("passed", 0) + n_bad)
    row.violations = [found.stdout[-2000:]] * n_bad
    if not row.runs and not n_bad:
        row.violations = [f"no test ran: {found.stdout[-500:]}{found.stderr[-500:]}"]
    if counts.get("skipped"):
        row.skipped = f"{counts['skipped']} skipped"
    return row


def _line(row: Row) -> str:
    fault = row.fault
    how = "live" if fault.do else "tests"
    times = sorted(row.times_s)
    cells = [str(fault.number), fault.name, fault.wanted, how, str(row.runs)]
    cells += [str(len(row.violations)), str(row.n_late), *_quantiles(times)]
    cells.append(f"{fault.limit_s:g}" if fault.limit_s else "—")
    return f"| {' | '.join(cells)} |" + (f" {row.skipped}" if row.skipped else "")


def _quantiles(times_s: list[float]) -> list[str]:
    if not times_s:
        return ["—"] * 3
    last = len(times_s) - 1
    return [f"{times_s[round(q * last)]:.1f}" for q in (0.5, 0.95, 1.0)]


def _publish(path: Path, rows: list[Row]) -> None:
    """Put the table behind its mark, in the place of the one before."""
    head = path.read_text().split(MARK)[0]
    lines = [MARK, "", HEAD, "|---" * HEAD.count(" | ") + "|---|", *map(_plain, rows)]
    lines += [
        "",
        f"{os.cpu_count()} cores, {platform.machine()}. Live: done to the whole "
        "running service; times from the fault (its end, for a disk, a port or guests) "
        "until it is back at work. Tests: each is one run.",
    ]
    path.write_text(head + "\n".join(lines) + "\n")


def _plain(row: Row) -> str:
    return _line(row).rpartition("|")[0] + "|"


if __name__ == "__main__":
    sys.exit(main())
