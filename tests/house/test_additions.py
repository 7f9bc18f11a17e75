"""What an addition touches: each of six is made in a copy of the sources, and works.

The files that it touches are those that the engineer's guide names, and no more sources
than the house promises.
"""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "engineer.md"
HEADING = "## What an addition touches"
EDGE = "edge/leukoscope_edge"
NETWORKS = "train/leukoscope_train/networks/architectures.py"
FRENCH = f"{EDGE}/languages/fr.po"
NEW = ""
"""In the place of a text that is replaced: the file is new."""
NOT_COPIED = shutil.ignore_patterns("__pycache__", "bundles", "fonts", "static")
LINKED = f"{EDGE}/bundles", f"{EDGE}/fonts"
SENTENCES_AND_DATA = (".po", ".toml", "/messages/results.py")
PI = (ROOT / "firmware_config" / "raspberry-pi-5.toml").read_text("utf-8")


@dataclass(frozen=True, kw_only=True)
class Addition:
    """One thing more.

    Attributes:
        edits: Each: path, a text there, what takes its place; NEW for a whole file.
        proof: A program that ends well where the addition is there, and only there.
        most_sources: How many source files it may touch.
    """

    edits: tuple[tuple[str, str, str], ...]
    proof: str
    most_sources: int


CAMERA = """
import numpy as np
from leukoscope_edge.capture.driver import Shot


class AddedDriver:
    def __init__(self, settings):
        self._shape = settings.height_px, settings.width_px, 3

    def read(self):
        return Shot(pixels=np.zeros(self._shape, np.uint8), time_s=0.0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def open_driver(settings):
    return AddedDriver(settings)
"""
SETTINGS = """@dataclass(frozen=True, slots=True, kw_only=True)
class AddedSettings:
    kind: Literal["added"] = "added"
    device: str
    width_px: int
    height_px: int


"""
CAMERA_PROOF = """
from leukoscope_edge.camera_settings import KINDS
from leukoscope_edge.capture.driver_process import open_driver
from leukoscope_edge.config import parse_toml

asked = b'kind = "added"\\ndevice = "0"\\nwidth_px = 64\\nheight_px = 48'
with open_driver(parse_toml(asked, tuple(KINDS.values()), where="test")) as driver:
    assert driver.read().pixels.shape == (48, 64, 3)
"""
NETWORK_PROOF = """
from typing import get_args

import torch
from leukoscope_train.networks.architectures import Architecture, make_network

assert "added" in get_args(Architecture)
assert make_network("added").eval()(torch.zeros(2, 3, 64, 64)).shape == (2, 2)
"""
FIELD_PROOF = """
import tempfile
from pathlib import Path

from leukoscope_edge.i18n import languages
from leukoscope_edge.records.exports.cells_csv import version_csv_bytes
from leukoscope_edge.records.exports.facts import facts_object
from leukoscope_edge.records.exports.html_report import html_bytes
from leukoscope_edge.records.exports.slide_version import open_version
from leukoscope_edge.records.store import open_store
from leukoscope_edge.types import Tally
from leukoscope_train.evaluation.noise_slides import (
    noise_cell, noise_set_up, noise_verdict
)

with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
    slide = store.start_slide(noise_set_up("S-1"), "ann")
    store.count.add_cells(slide, [noise_cell(1, side_px=16)], frames={})
    tally = Tally(n_smudges=7)
    store.count.finish_count(slide, noise_verdict(1, 0), "ann", tally=tally)
    version = open_version(store, slide)
    assert facts_object(version)["added"] == 14
    assert b"Added fact: 14" in version_csv_bytes(version)
    assert "Fait nouveau".encode() in html_bytes(version, languages()["fr"], ())
"""
LANGUAGE = """
msgid ""
msgstr ""
"X-Name: Added\\n"
"X-Direction: rtl\\n"

msgid "Age"
msgstr "Egnahc"
"""
LANGUAGE_PROOF = """
from leukoscope_edge.i18n import choose, languages

added = languages()["xx"]
assert (added.name, added.direction, added("Age")) == ("Added", "rtl", "Egnahc")
assert choose("", "xx-YY,en") == "xx"
"""
BOARD_PROOF = """
from leukoscope_edge.profile import board_profile, open_profile

assert open_profile("added").name == "added"
assert board_profile("Added Board Rev 1", "").name == "added"
"""
RULE_PROOF = """
from dataclasses import replace

from leukoscope_edge.counting import by_model, conclude
from leukoscope_edge.i18n import languages
from leukoscope_edge.inference.background import new_context
from leukoscope_edge.inference.bundle import shipped_bundle_for
from leukoscope_edge.inference.card import read_card
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import Call, CallName

card = read_card(shipped_bundle_for("simulated"))
context = replace(new_context(SIMULATED_SAMPLE, card, None, 0.1), is_over=True)
calls = [by_model(Call(name=CallName.NORMAL, p_blast=0.01))] * 1001
reason = conclude(calls, context).reason
assert reason.said() == "1001 cells are more than a slide holds"
assert reason.said(languages()["fr"]) == "1001 cellules sont de trop"
"""
ADDITIONS = {
    "a camera": Addition(
        edits=(
            (f"{EDGE}/capture/added.py", NEW, CAMERA),
            (
                f"{EDGE}/camera_settings.py",
                "CameraSettings: TypeAlias = ",
                f"{SETTINGS}CameraSettings: TypeAlias = AddedSettings | ",
            ),
            (
                f"{EDGE}/camera_settings.py",
                '    "csi": CsiSettings,\n',
                '    "csi": CsiSettings,\n    "added": AddedSettings,\n',
            ),
        ),
        proof=CAMERA_PROOF,
        most_sources=2,
    ),
    "a network": Addition(
        edits=(
            (NETWORKS, '    "cnn",\n', '    "cnn",\n    "added",\n'),
            (NETWORKS, 'case "cnn":', 'case "cnn" | "added":'),
        ),
        proof=NETWORK_PROOF,
        most_sources=1,
    ),
    "a report field": Addition(
        edits=(
            (
                f"{EDGE}/records/exports/facts.py",
                '    yield _count("smudge_cells"',
                '    yield _count("added", "Added fact", 2 * tally.n_smudges)\n'
                '    yield _count("smudge_cells"',
            ),
            (
                FRENCH,
                'msgid "Age"\n',
                'msgid "Added fact"\nmsgstr "Fait nouveau"\n\nmsgid "Age"\n',
            ),
        ),
        proof=FIELD_PROOF,
        most_sources=2,
    ),
    "a language": Addition(
        edits=((f"{EDGE}/languages/xx.po", NEW, LANGUAGE),),
        proof=LANGUAGE_PROOF,
        most_sources=1,
    ),
    "a board": Addition(
        edits=(
            (
                "firmware_config/added.toml",
                NEW,
                PI.replace("raspberry-pi-5", "added").replace(
                    '"Raspberry Pi 5"', '"Added Board"'
                ),
            ),
        ),
        proof=BOARD_PROOF,
        most_sources=1,
    ),
    "a rule of the verdict": Addition(
        edits=(
            (
                f"{EDGE}/counting/verdict.py",
                "    if not context.is_over:\n",
                "    if counts.n_cells > 1000:\n"
                '        return _Why(message("added", n=counts.n_cells))\n'
                "    if not context.is_over:\n",
            ),
            (
                f"{EDGE}/messages/results.py",
                '    "no-cell": ',
                '    "added": "{n} cells are more than a slide holds",\n'
                '    "no-cell": ',
            ),
            (
                FRENCH,
                'msgid "Adult"\n',
                'msgid "{n} cells are more than a slide holds"\n'
                'msgstr "{n} cellules sont de trop"\n\nmsgid "Adult"\n',
            ),
        ),
        proof=RULE_PROOF,
        most_sources=1,
    ),
}
PROVE = """
import json, sys, traceback
found = {}
for name, proof in json.load(sys.stdin).items():
    try:
        exec(proof, {})
        found[name] = ""
    except Exception:
        found[name] = traceback.format_exc()
print(json.dumps(found))
"""


def copied(folder: Path) -> Path:
    """Copy the sources, and what is large in them by a link."""
    for part in (EDGE, "train/leukoscope_train", "firmware_config"):
        shutil.copytree(ROOT / part, folder / part, ignore=NOT_COPIED)
    for part in LINKED:
        (folder / part).symlink_to(ROOT / part)
    return folder


def make(folder: Path, addition: Addition) -> None:
    for path, old, new in addition.edits:
        file = folder / path
        text = "" if old is NEW else file.read_text("utf-8")
        assert file.exists() == (old is not NEW)
        assert old is NEW or text.count(old) == 1, f"{path}: {old!r}"
        file.write_text(new if old is NEW else text.replace(old, new), "utf-8")


def proven(folder: Path) -> dict[str, str]:
    """What came of each proof in a folder's sources: "" where it held."""
    proofs = json.dumps({name: one.proof for name, one in ADDITIONS.items()})
    paths = [str(folder / "edge"), str(folder / "train")]
    program = f"import sys; sys.path[:0] = {paths!r}\n{PROVE}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=proofs,
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = copied(tmp_path_factory.mktemp("copy"))
    for addition in ADDITIONS.values():
        make(folder, addition)
    return proven(folder)


@pytest.fixture(scope="module")
def unchanged() -> dict[str, str]:
    return proven(ROOT)


@pytest.mark.parametrize("name", ADDITIONS)
def test_an_addition_works_in_a_copy(name: str, changed: dict[str, str]) -> None:
    assert changed[name] == ""


@pytest.mark.parametrize("name", ADDITIONS)
def test_without_its_files_it_does_not(name: str, unchanged: dict[str, str]) -> None:
    assert unchanged[name] != ""


def named_in_guide() -> dict[str, list[set[str]]]:
    """The guide's table: what is added, its sources, its sentences and data."""
    section = GUIDE.read_text("utf-8").partition(HEADING)[2].partition("\n## ")[0]
    rows = [line[1:-1].split("|") for line in section.splitlines() if "|" in line]
    return {
        name.strip(): [set(re.findall("`([^`]+)`", cell)) for cell in cells]
        for name, *cells in rows[2:]
    }


def as_in_guide(path: str, old: str) -> str:
    """A path as the guide says it: NAME is a new file, CODE one of the languages."""
    if old is NEW:
        return re.sub(r"\w+(?=\.\w+$)", "NAME", path)
    return path.replace("fr.po", "CODE.po")


@pytest.mark.parametrize("name", ADDITIONS)
def test_it_touches_what_the_guide_says_and_few_sources(name: str) -> None:
    addition = ADDITIONS[name]
    touched = {as_in_guide(path, old) for path, old, _ in addition.edits}
    beside = {path for path in touched if path.endswith(SENTENCES_AND_DATA)}
    assert [touched - beside, beside] == named_in_guide()[name]
    assert len(touched - beside) <= addition.most_sources


def test_the_guide_names_these_six_and_no_other() -> None:
    assert set(named_in_guide()) == set(ADDITIONS)
