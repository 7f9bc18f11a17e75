"""The tests of this room must notice when a safeguard is taken out.

As `tests/edge/updates/test_mutations.py` does: one line is changed in a copy of the
program, and the tests that hold it must fail as tests do.
"""

from dataclasses import replace

import pytest
from tests.edge.mutated import Mutation, Noticed, tried

PATIENCE_S = 20
"""What never happens is waited for no longer than this; what happens takes two."""

MUTATIONS = {
    "no heartbeat": Mutation(
        "service/supervisor.py",
        "        if now_s <= max(due_s, self.judge_from_s):",
        "        if True:",
        "service/test_supervisor.py::test_a_stopped_process_is_seen_by_its_beat",
        on_a_copy=True,
    ),
    "no mercy for the stopped": Mutation(
        "service/supervisor.py",
        "            if now_s - turned_s > STOOD_STILL_S:",
        "            if False:",
        "service/test_supervisor.py::"
        "test_a_supervisor_that_stands_still_feeds_no_dog_and_then_judges_nobody",
        on_a_copy=True,
    ),
    "orphans live": Mutation(
        "service/processes.py",
        "            kill_group(process.pid)",
        "            pass",
        "service/test_supervisor.py::test_what_a_dead_part_leaves_behind_is_ended",
        on_a_copy=True,
    ),
    "no back-off": Mutation(
        "service/restart_policy.py",
        "        if n <= 1:",
        "        if True:",
        "service/test_restart_policy.py::test_the_first_start_is_at_once_and_the_pauses_grow",
    ),
    "no back-off of the camera": Mutation(
        "capture/live.py",
        "min(2 * self._next_s, PAUSES_S[1])",
        "self._next_s",
        "capture/test_live.py::test_pauses_double_up_to_the_longest_and_begin_anew",
    ),
    "no fsync": Mutation(
        "durable.py",
        "            sync_file(file)\n            aside",
        "            pass\n            aside",
        "service/test_restart_policy.py::test_the_past_is_synced_before_the_step_is_taken",
    ),
    "no limit of reboots": Mutation(
        "service/restart_policy.py",
        "        if past.n_reboots < limits.n_reboots:",
        "        if True:",
        "service/test_restart_policy.py::test_three_reboots_and_then_the_safe_state",
    ),
    "no waiting for the check of the records": Mutation(
        "records/event_writer.py",
        "        self._require_sound()\n        try:",
        "        try:",
        "records/test_maintenance.py::"
        "test_records_are_read_and_not_written_while_they_are_looked_through",
    ),
    "no check of the records' copy": Mutation(
        "records/database.py",
        "        if not is_sound(copy):",
        "        if False:",
        "records/test_maintenance.py::"
        "test_a_copy_of_damaged_records_takes_no_good_ones_place",
    ),
    "no hash check of the model": Mutation(
        "inference/bundle.py",
        "    if digest != entry.sha256:",
        "    if False:",
        "inference/test_bundle.py::test_refuses_a_damaged_file",
    ),
    "a hot chip works on": Mutation(
        "live/counting_process.py",
        "        if looks and self._heat is not Heat.HOT:",
        "        if looks:",
        "live/test_counting_heat.py::test_a_hot_chip_looks_at_none_and_says_why",
    ),
}


@pytest.fixture(scope="module")
def noticed() -> Noticed:
    return tried(
        {n: replace(one, patience_s=PATIENCE_S) for n, one in MUTATIONS.items()}
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_tests_fail_without(noticed: Noticed, name: str) -> None:
    assert noticed.by[name]


@pytest.mark.slow
def test_and_none_without_a_change(noticed: Noticed) -> None:
    assert noticed.failing == []
