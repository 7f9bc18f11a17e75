"""The tests of this room must notice when a safeguard is taken out.

Each mutation changes one line in a copy of the program and runs the tests that hold it.
They must fail, and fail as tests do: an error of collection does not count.
"""

import pytest
from tests.edge.mutated import Mutation, Noticed, tried

MUTATIONS = {
    "no fsync": Mutation(
        "durable.py",
        "    os.fsync(descriptor)",
        "    del descriptor",
        "updates/test_own_disk.py::test_every_rename_is_between_the_syncs_that_it_needs",
    ),
    "no folder sync": Mutation(
        "durable.py",
        "            raise\n    if is_synced:\n        sync_folder(path.parent)",
        "            raise",
        "updates/test_own_disk.py::test_every_rename_is_between_the_syncs_that_it_needs",
    ),
    "no hash check of a slot": Mutation(
        "updates/slots.py",
        "    return digest.hexdigest() == fact.sha256",
        "    return True",
        "updates/test_active.py::test_a_damaged_model_gives_way_to_the_one_before_and_says_so",
    ),
    "no checksum of the commit file": Mutation(
        "updates/state.py",
        'or sealed["sha256"] != digest',
        "",
        "updates/test_damage.py::test_a_changed_commit_file_is_not_believed",
    ),
    "no floor": Mutation(
        "updates/manifest.py",
        "    if found < had:",
        "    if False:",
        "updates/test_attacks.py::test_rollback_after_the_trusted_metadata_was_lost",
    ),
    "no third floor": Mutation(
        "updates/state.py",
        "    floor = max(kept, *(c.floor for c in (newest, *whole)))",
        "    floor = newest.floor",
        "updates/test_damage.py::test_all_three_floors_must_go_before_an_old_stick_comes_in",
    ),
    "no limit of tries": Mutation(
        "updates/install.py",
        "    if trial.n_tries >= MAX_TRIES:",
        "    if False:",
        "updates/test_faults.py::test_the_third_try_says_u12",
    ),
    "no trial": Mutation(
        "updates/install.py",
        "    device.try_model(folder)",
        "    pass",
        "updates/test_install.py::test_a_failed_trial_changes_nothing_and_is_remembered",
    ),
    "no revocation": Mutation(
        "updates/manifest.py",
        "    if manifest.release in bad:",
        "    if False:",
        "updates/test_install.py::test_a_failed_trial_changes_nothing_and_is_remembered",
    ),
    "links are followed": Mutation(
        "updates/stick.py",
        "os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK",
        "os.O_RDONLY | os.O_NONBLOCK",
        "updates/test_stick.py::test_links_pipes_and_devices_are_not_followed",
    ),
}


@pytest.fixture(scope="module")
def noticed() -> Noticed:
    return tried(MUTATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_tests_fail_without(noticed: Noticed, name: str) -> None:
    assert noticed.by[name]


@pytest.mark.slow
def test_and_none_without_a_change(noticed: Noticed) -> None:
    assert noticed.failing == []
