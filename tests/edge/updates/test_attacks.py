"""The attacks that The Update Framework was made for, against the whole install.

Each test begins with a device on release 1 and ends with that release still in use,
unless it is the recovery that is shown.
"""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
import time_machine
from tests.edge.updates.outcomes import active_of, code_of

from leukoscope_edge.updates import UpdateContext, install
from leukoscope_edge.updates.verify import TUF_LIMITS

FAR_VERSION = 2**31


@pytest.fixture
def updated(device: UpdateContext, publisher: Any) -> UpdateContext:
    install(device, publisher.release(1).stick)
    return device


@pytest.fixture
def outcome(updated: UpdateContext) -> Callable[[Any], tuple[str, str]]:
    """Return a function that installs a stick: its code, and what is in use after."""

    def run(stick: Any) -> tuple[str, str]:
        return code_of(lambda: install(updated, stick)), active_of(updated)

    return run


Outcome = Callable[[Any], tuple[str, str]]


def test_an_honest_update_goes_through(publisher: Any, outcome: Outcome) -> None:
    assert outcome(publisher.release(2).stick) == ("", "0.2")


def test_rollback_to_an_older_stick(publisher: Any, outcome: Outcome) -> None:
    second, third = publisher.release(2).stick, publisher.release(3).stick
    assert outcome(third) == ("", "0.3")
    assert outcome(second) == ("U05", "0.3")


def test_rollback_after_the_trusted_metadata_was_lost(
    publisher: Any, outcome: Outcome, updated: UpdateContext
) -> None:
    second, third = publisher.release(2).stick, publisher.release(3).stick
    assert outcome(third) == ("", "0.3")
    for path in (updated.models / "trust").rglob("*.json"):
        if path.name in ("timestamp.json", "snapshot.json", "targets.json"):
            path.write_bytes(b"")
    assert outcome(second) == ("U05", "0.3")


def test_old_content_under_newer_metadata_of_a_stolen_release_key(
    publisher: Any, outcome: Outcome
) -> None:
    """Snapshot and timestamp keys alone cannot bring old targets back."""
    assert outcome(publisher.release(2).stick) == ("", "0.2")
    thief = publisher.clone()
    thief.versions["targets"] = 1
    assert outcome(thief.seal().stick) == ("U05", "0.2")


def test_freeze_by_the_same_stick_for_ever(publisher: Any, outcome: Outcome) -> None:
    stick = publisher.stick
    assert [outcome(stick) for _ in range(3)] == [("U06", "0.1")] * 3


@pytest.mark.parametrize(
    ("kept", "code"),
    [("2.targets.json", "U03"), ("2.snapshot.json", "U03"), ("timestamp.json", "U06")],
)
def test_mix_and_match(publisher: Any, outcome: Outcome, kept: str, code: str) -> None:
    """One file of another release among those of a newer one."""
    first = publisher.stick
    stick = publisher.release(2).stick
    other = kept.replace("2.", "1.")
    stick.files[f"metadata/{kept}"] = first.files[f"metadata/{other}"]
    assert outcome(stick) == (code, "0.1")


def test_fast_forward_and_recovery(publisher: Any, outcome: Outcome) -> None:
    """Stolen keys push every number up; new keys and a new epoch bring it back."""
    thief = publisher.clone()
    for role in ("timestamp", "snapshot", "targets"):
        thief.versions[role] = FAR_VERSION
    assert outcome(thief.release(FAR_VERSION).stick) == ("", f"0.{FAR_VERSION}")
    assert outcome(publisher.release(2).stick) == ("U05", f"0.{FAR_VERSION}")
    publisher.rotate("timestamp", "snapshot", "targets")
    revoked = f'["0.{FAR_VERSION}"]'
    recovered = publisher.release(3, epoch=1, revokes=revoked).stick
    assert outcome(recovered) == ("", "1.3")
    assert outcome(thief.release(FAR_VERSION + 1).stick)[1] == "1.3"


def test_a_new_epoch_needs_a_new_root(publisher: Any, outcome: Outcome) -> None:
    assert outcome(publisher.release(1, epoch=1).stick) == ("U04", "0.1")


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_a_stranger_signs(publisher: Any, outcome: Outcome, role: str) -> None:
    stranger = publisher.clone()
    stranger.signers[role] = type(publisher)(publisher.bundle).signers[role]
    assert outcome(stranger.release(2).stick) == ("U04", "0.1")


def test_a_foreign_publisher_altogether(publisher: Any, outcome: Outcome) -> None:
    foreign = type(publisher)(publisher.bundle)
    assert outcome(foreign.release(2).stick) == ("U04", "0.1")


def test_one_of_two_targets_keys_is_not_enough(
    publisher: Any, outcome: Outcome
) -> None:
    one = publisher.signers["targets"][:1]
    assert outcome(publisher.release(2, by=one).stick) == ("U04", "0.1")
    assert outcome(publisher.release(2, by=one * 2).stick) == ("U04", "0.1")


def test_a_root_signed_by_one_of_three_is_not_followed(
    publisher: Any, outcome: Outcome
) -> None:
    publisher.root(by=publisher.signers["root"][:1])
    assert outcome(publisher.release(2).stick) == ("U04", "0.1")


def test_a_root_that_lowers_its_own_threshold_needs_the_old_one(
    publisher: Any, outcome: Outcome
) -> None:
    publisher.thresholds["root"] = 1
    publisher.root(by=publisher.signers["root"][:1])
    assert outcome(publisher.release(2).stick) == ("U04", "0.1")


def test_stolen_keys_lose_their_power_with_the_next_root(
    publisher: Any, outcome: Outcome
) -> None:
    thief = publisher.clone()
    publisher.rotate("targets", "snapshot", "timestamp")
    assert outcome(publisher.release(2).stick) == ("", "0.2")
    assert outcome(thief.release(3).stick)[1] == "0.2"
    thief.files |= {n: d for n, d in publisher.files.items() if "root.json" in n}
    assert outcome(thief.release(4).stick) == ("U04", "0.2")


def test_a_device_that_slept_follows_five_roots_on_one_stick(
    publisher: Any, outcome: Outcome
) -> None:
    for _ in range(4):
        publisher.rotate("root", "targets")
    assert outcome(publisher.release(2).stick) == ("", "0.2")


def test_a_missing_root_is_named(
    publisher: Any, updated: UpdateContext, outcome: Outcome
) -> None:
    for _ in range(4):
        publisher.rotate("root", "timestamp")
    stick = publisher.release(2).stick
    del stick.files["metadata/3.root.json"]
    with pytest.raises(Exception, match=r"U07: .*: 3\.root\.json\."):
        install(updated, stick)
    del stick.files["metadata/2.root.json"]
    with pytest.raises(Exception, match=r"2\.root\.json, 3\.root\.json"):
        install(updated, stick)
    assert outcome(stick) == ("U07", "0.1")


class EndlessStick:
    """Gives one file without end, a chunk at a time, and counts the chunks."""

    CHUNK = bytes(64 * 1024)

    def __init__(self, stick: Any, name: str) -> None:
        self.stick, self.name, self.n_chunks = stick, name, 0

    def holds(self, part: str, name: str) -> bool:
        return bool(self.stick.holds(part, name))

    def read(self, part: str, name: str) -> Any:
        if f"{part}/{name}" != self.name:
            yield from self.stick.read(part, name)
            return
        while True:
            self.n_chunks += 1
            yield self.CHUNK


@pytest.mark.parametrize(
    "name", ["timestamp.json", "2.snapshot.json", "2.targets.json", "2.root.json"]
)
def test_endless_metadata_is_read_no_further_than_its_limit(
    publisher: Any, outcome: Outcome, name: str
) -> None:
    publisher.rotate("targets")
    endless = EndlessStick(publisher.release(2).stick, f"metadata/{name}")
    assert outcome(endless) == ("U03", "0.1")
    most = TUF_LIMITS.root_max_length // len(endless.CHUNK) + 1
    assert 0 < endless.n_chunks <= most


def test_an_endless_target_is_read_no_further_than_was_signed(
    publisher: Any, outcome: Outcome
) -> None:
    stick = publisher.release(2).stick
    endless = EndlessStick(stick, publisher.target_name("model.cpu.onnx"))
    assert outcome(endless) == ("U03", "0.1")
    assert endless.n_chunks == 1


@pytest.mark.parametrize("name", ["model.cpu.onnx", "card.toml", "manifest.toml"])
def test_a_signed_name_with_other_content(
    publisher: Any, outcome: Outcome, name: str
) -> None:
    stick = publisher.release(2).stick
    where = publisher.target_name(name)
    stick.files[where] = stick.files[where][:-1] + b"?"
    assert outcome(stick) == ("U03", "0.1")
    stick.files[where] = stick.files[where][:-1]
    assert outcome(stick) == ("U02", "0.1")


@pytest.mark.parametrize(
    ("name", "code"), [("no metadata", "U03"), ("2.snapshot.json", "U04")]
)
def test_what_stands_in_the_place_of_the_first_metadata(
    publisher: Any, outcome: Outcome, name: str, code: str
) -> None:
    stick = publisher.release(2).stick
    data = stick.files.get(f"metadata/{name}", b"{no json")
    stick.files["metadata/timestamp.json"] = data
    assert outcome(stick) == (code, "0.1")


@pytest.mark.parametrize(
    "name", ["timestamp.json", "2.snapshot.json", "2.targets.json"]
)
def test_a_stick_without_some_metadata_is_incomplete_and_no_strangers(
    publisher: Any, outcome: Outcome, name: str
) -> None:
    stick = publisher.release(2).stick
    del stick.files[f"metadata/{name}"]
    assert outcome(stick) == ("U02", "0.1")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "A.onnx", ".x"])
def test_a_manifest_cannot_ask_for_strange_names(
    publisher: Any, outcome: Outcome, name: str
) -> None:
    stick = publisher.release(2).stick
    manifest = stick.files[publisher.target_name("manifest.toml")]
    files = {"manifest.toml": manifest.replace(b"model.cpu.onnx", name.encode())}
    stranger = publisher.sign_targets(files).stick
    assert outcome(stranger) == ("U10", "0.1")
    assert not any("passwd" in asked for asked in stranger.asked)


@pytest.mark.parametrize(
    "now", ["1970-01-02", "2000-01-01", "2038-01-20", "2050-01-01"]
)
def test_no_clock_lets_an_old_stick_in_or_keeps_a_new_one_out(
    publisher: Any, outcome: Outcome, now: str
) -> None:
    second, third = publisher.release(2).stick, publisher.release(3).stick
    with time_machine.travel(now):
        assert outcome(third) == ("", "0.3")
        assert outcome(second) == ("U05", "0.3")


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
def test_metadata_that_ended_is_a_question_of_the_clock(
    publisher: Any, outcome: Outcome, role: str
) -> None:
    publisher.expires[role] = datetime(2030, 1, 1, tzinfo=timezone.utc)
    if role == "root":
        publisher.root()
    stick = publisher.release(2).stick
    with time_machine.travel("2031-01-01"):
        assert outcome(stick) == ("W01", "0.1")
    with time_machine.travel("2029-01-01"):
        assert outcome(stick) == ("", "0.2")
