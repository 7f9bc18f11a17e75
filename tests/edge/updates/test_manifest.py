"""The edges of what a manifest may say, and of whom it is for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.edge.updates.outcomes import code_of

from leukoscope_edge.errors import UpdateError
from leukoscope_edge.updates.manifest import (
    MANIFEST_NAME,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_MANIFEST_BYTES,
    NO_FLOOR,
    FileFact,
    Floor,
    Manifest,
    admit,
    parse_manifest,
)

FACT = FileFact(name="card.toml", size_bytes=1, sha256="a" * 64)
MANIFEST = Manifest(
    format=1,
    bundle_id="red-1",
    domain="real",
    epoch=0,
    sequence=1,
    issued="2026-12-01",
    review_by="2029-01-01",
    min_software="0.1",
    max_software="9",
    machines=("riscv64",),
    revokes=(),
    supersedes="",
    git_commit="",
    note="",
    files=(FACT,),
)
TEXT = b"""\
format = 1
bundle_id = "red-1"
domain = "real"
epoch = 0
sequence = 1
issued = "2026-12-01"
review_by = "2029-01-01"
min_software = "0.1"
max_software = "9"
machines = ["riscv64"]
revokes = []
supersedes = ""
git_commit = ""
note = ""
files = [{name = "card.toml", size_bytes = 1, sha256 = "SHA"}]
""".replace(b"SHA", b"a" * 64)


def facts(n: int) -> tuple[FileFact, ...]:
    return tuple(replace(FACT, name=f"f{i}") for i in range(n))


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": 0, "sequence": 1},
        {"files": facts(1)},
        {"files": facts(MAX_FILES)},
        {"min_software": "1", "max_software": "9999.9999.9999"},
    ],
)
def test_what_a_manifest_may_say(changes: dict[str, Any]) -> None:
    assert replace(MANIFEST, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 0},
        {"format": 2},
        {"epoch": -1},
        {"sequence": 0},
        {"files": ()},
        {"files": facts(MAX_FILES + 1)},
        {"files": (FACT, replace(FACT, size_bytes=2))},
        {"issued": "soon"},
        {"review_by": "2029-02-30"},
        {"min_software": "1.2.3.4"},
        {"max_software": ""},
    ],
)
def test_what_no_manifest_may_say(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        replace(MANIFEST, **changes)


@pytest.mark.parametrize("n_bytes", [0, MAX_FILE_BYTES])
def test_a_file_may_be_empty_and_as_long_as_the_limit(n_bytes: int) -> None:
    assert replace(FACT, size_bytes=n_bytes).size_bytes == n_bytes


@pytest.mark.parametrize(
    "changes",
    [
        {"size_bytes": -1},
        {"size_bytes": MAX_FILE_BYTES + 1},
        {"sha256": "a" * 63},
        {"sha256": "A" * 64},
        {"name": MANIFEST_NAME},
        {"name": "../card.toml"},
    ],
)
def test_what_no_file_of_it_may_be(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"name|size_bytes|sha256"):
        replace(FACT, **changes)


def test_a_manifest_is_read_up_to_its_limit_and_no_further() -> None:
    assert parse_manifest(TEXT) == MANIFEST
    longest = TEXT.ljust(MAX_MANIFEST_BYTES, b"\n")
    assert parse_manifest(longest) == MANIFEST
    with pytest.raises(UpdateError, match=f"U10.*over {MAX_MANIFEST_BYTES} bytes"):
        parse_manifest(longest + b"\n")


@pytest.fixture
def admitted() -> Callable[..., str]:
    """Return a function that gives the code of an offer to a device, "" if none."""

    def code(manifest: dict[str, Any], **of_device: Any) -> str:
        usual = {
            "floor": NO_FLOOR,
            "bad": (),
            "here": (),
            "root_version": 1,
            "software": "1.0.0",
            "machine": "riscv64",
        }
        offer = replace(MANIFEST, **manifest)
        return code_of(lambda: admit(offer, **(usual | of_device)))

    return code


@pytest.mark.parametrize(
    ("low", "high", "software", "code"),
    [
        ("1", "1", "1.0.0", ""),
        ("1", "1", "1.0.0rc1", ""),
        ("1", "1", "0.9.9", "U10"),
        ("1", "1", "1.0.1", "U10"),
        ("1.2.3", "1.2.3", "1.2.3", ""),
        ("1.2.3", "1.2.3", "1.2.2", "U10"),
        ("1.2.3", "1.2.3", "1.2.4", "U10"),
        ("0.9", "0.10", "0.10.0", ""),  # numbers, not letters
    ],
)
def test_for_which_software(
    admitted: Callable[..., str], low: str, high: str, software: str, code: str
) -> None:
    offer = {"min_software": low, "max_software": high}
    assert admitted(offer, software=software) == code


def test_for_which_machine_and_not_withdrawn(admitted: Callable[..., str]) -> None:
    assert admitted({}) == ""
    assert admitted({}, machine="pdp11") == "U10"
    assert admitted({}, bad=("0.1",)) == "U13"
    assert admitted({}, bad=("0.2", "1.1")) == ""


@pytest.mark.parametrize(
    ("release", "root_version", "here", "code"),
    [
        ((1, 4), 3, (), "U05"),
        ((1, 5), 3, ("1.5",), "U06"),
        ((1, 5), 3, (), ""),  # it was lost
        ((1, 6), 3, ("1.6",), ""),  # tried here, and never had
        ((0, 9), 3, (), "U05"),
        ((2, 1), 3, (), "U04"),
        ((2, 1), 4, (), ""),
        ((1, 6), 2, (), ""),  # within an epoch no newer root is asked for
    ],
)
def test_what_may_follow_what_a_device_had(
    admitted: Callable[..., str],
    release: tuple[int, int],
    root_version: int,
    here: tuple[str, ...],
    code: str,
) -> None:
    epoch, sequence = release
    offer = {"epoch": epoch, "sequence": sequence}
    had = Floor(epoch=1, sequence=5, root_version=3)
    assert admitted(offer, floor=had, here=here, root_version=root_version) == code


def test_a_device_without_updates_had_nothing() -> None:
    assert Floor(epoch=0, sequence=0, root_version=0) == NO_FLOOR
