"""The publisher's side, by its own commands, to a device that takes the stick."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leukoscope_edge.cli import main as leukoscope
from leukoscope_edge.inference.bundle import open_bundle, shipped_bundles
from leukoscope_edge.updates.manifest import parse_manifest
from leukoscope_export.__main__ import main
from leukoscope_export.signing.model_card_and_sbom import model_card_text, sbom_bytes

HOLDERS = ("ann", "ben", "cyd", "dora", "emil", "fay")
NOTES = """\
epoch = {epoch}
sequence = {sequence}
issued = "2026-12-01"
review_by = "2099-01-01"
min_software = "0.1"
max_software = "9"
machines = ["{machine}"]
revokes = {revokes}
supersedes = "simulated-0"
git_commit = "0123abc"
note = "Knows smudges better."
"""

ACCEPTED = ("--accept", "Ada Lovelace")
"""A device without earlier cells compares nothing, so that a person must accept."""


class Ceremony:
    """Six people, a folder each, and one repository."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.repo = folder, folder / "repo"
        self.secret = folder / "passphrase"
        self.secret.write_text("a long enough passphrase\n")
        for name in HOLDERS:
            assert self.key(name) == 0

    def key(self, name: str) -> int:
        return self.run("key", name, "--out", self.folder, secret=True)

    def run(self, *words: Any, secret: bool = False) -> int:
        extra = ["--passphrase-file", self.secret] if secret else []
        return main(["publish", *map(str, (*words, *extra))])

    def root(self, *holders: str) -> int:
        public = [self.folder / f"{name}.pub.json" for name in holders]
        return self.run(
            "root",
            *("--repo", self.repo),
            *("--root", *public[:3]),
            *("--targets", *public[3:5]),
            *("--release", public[5]),
        )

    def sign(self, file: str, *names: str) -> None:
        for name in names:
            path = self.repo / "metadata" / file
            key = self.folder / f"{name}.key"
            assert self.run("sign", path, "--key", key, secret=True) == 0

    def release(self, bundle: Path, sequence: int, epoch: int = 0, **more: str) -> int:
        notes = self.folder / "notes.toml"
        values = {"revokes": "[]", "machine": os.uname().machine} | more
        notes.write_text(NOTES.format(epoch=epoch, sequence=sequence, **values))
        return self.run("release", bundle, "--repo", self.repo, "--notes", notes)

    def seal(self, name: str = "fay") -> int:
        key = self.folder / f"{name}.key"
        return self.run("seal", "--repo", self.repo, "--key", key, secret=True)

    def stick(self, name: str) -> Path:
        out = self.folder / name
        assert self.run("stick", "--repo", self.repo, "--out", out) == 0
        return out


@pytest.fixture
def ceremony(tmp_path: Path) -> Ceremony:
    return Ceremony(tmp_path)


@pytest.fixture
def bundle() -> Path:
    return shipped_bundles()["simulated-1"]


def published(ceremony: Ceremony, bundle: Path) -> Path:
    """Go through the first ceremony and return the stick."""
    assert ceremony.root(*HOLDERS) == 0
    ceremony.sign("1.root.json", "ann", "cyd")
    assert ceremony.release(bundle, 1) == 0
    ceremony.sign("1.targets.json", "dora", "emil")
    assert ceremony.seal() == 0
    return ceremony.stick("stick-1")


def test_from_six_keys_to_a_model_in_use(
    ceremony: Ceremony,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stick, data = published(ceremony, bundle), ["--data", str(tmp_path / "data")]
    install = ["model", "install", str(stick), *data, *ACCEPTED]
    assert leukoscope(install) == 1
    assert "U15" in capsys.readouterr().err
    root = str(stick / "LEUKOSCOPE-UPDATE" / "metadata" / "1.root.json")
    assert leukoscope(["model", "trust", root, *data]) == 0
    assert leukoscope(install) == 0
    printed = capsys.readouterr()
    assert "simulated-1 (release 0.1) is in use now." in printed.out
    assert "trying it on stored cells" in printed.err
    assert leukoscope(install) == 1
    assert "U06" in capsys.readouterr().err
    assert leukoscope(["model", "list", *data]) == 0
    marked = [x for x in capsys.readouterr().out.splitlines() if x.startswith("*")]
    assert len(marked) == 2
    assert leukoscope(["model", "verify", *data]) == 0
    assert leukoscope(["model", "history", *data]) == 0
    assert "installed    simulated  0.1-" in capsys.readouterr().out
    back = ["model", "rollback", "--domain", "simulated", "--by", "Ann", *data]
    assert leukoscope(back) == 0
    assert leukoscope(["model", "history", *data]) == 0
    assert "Ann" in capsys.readouterr().out


def test_a_slide_is_screened_with_the_installed_model_and_history_says_so(
    ceremony: Ceremony,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The second release is compared on the cells of the slide."""
    stick, data = published(ceremony, bundle), ["--data", str(tmp_path / "data")]
    root = str(stick / "LEUKOSCOPE-UPDATE" / "metadata" / "1.root.json")
    assert leukoscope(["model", "trust", root, *data]) == 0
    assert leukoscope(["model", "install", str(stick), *data, *ACCEPTED]) == 0
    simulated = ["screen", "simulated:seed=5,frames=12", "--keep", *data]
    assert leukoscope(simulated) == 0
    assert leukoscope(["model", "history", *data]) == 0
    assert re.search(r"slide \d+ was judged by simulated-1", capsys.readouterr().out)
    assert ceremony.release(bundle, 2) == 0
    ceremony.sign("2.targets.json", "dora", "emil")
    assert ceremony.seal() == 0
    again = ["model", "install", str(ceremony.stick("stick-2")), *data, *ACCEPTED]
    assert leukoscope(again) == 0
    out = capsys.readouterr().out
    assert re.search(r"\b0 of [1-9]\d* old cells change call, 0 slides", out)


def test_rotation_and_revocation_reach_a_device_on_the_next_stick(
    ceremony: Ceremony, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stick, data = published(ceremony, bundle), ["--data", str(tmp_path / "data")]
    root = str(stick / "LEUKOSCOPE-UPDATE" / "metadata" / "1.root.json")
    leukoscope(["model", "trust", root, *data])
    leukoscope(["model", "install", str(stick), *data, *ACCEPTED])
    for name in ("gus", "hal", "ida"):
        ceremony.key(name)
    assert ceremony.root("ann", "ben", "gus", "dora", "hal", "ida") == 0
    ceremony.sign("2.root.json", "ann", "gus")
    assert ceremony.release(bundle, 1, epoch=1, revokes='["0.1"]') == 0
    assert ceremony.seal("ida") == 1
    assert "2.root.json: 1 more" in capsys.readouterr().err
    ceremony.sign("2.root.json", "ben")
    ceremony.sign("2.targets.json", "dora", "emil")
    assert ceremony.seal("ida") == 1  # emil's key was revoked
    ceremony.sign("2.targets.json", "hal")
    assert ceremony.seal("ida") == 0
    new = ["model", "install", str(ceremony.stick("stick-2")), *data, *ACCEPTED]
    assert leukoscope(new) == 0
    assert "release 1.1" in capsys.readouterr().out


def test_the_stick_holds_what_fat32_can_hold(ceremony: Ceremony, bundle: Path) -> None:
    stick = published(ceremony, bundle) / "LEUKOSCOPE-UPDATE"
    files = [p for p in stick.rglob("*") if p.is_file()]
    names = [str(p.relative_to(stick)) for p in files]
    assert "READ-ME-FIRST.txt" in names
    assert len({n.lower() for n in names}) == len(names)
    for path in files:
        assert not path.is_symlink()
        assert path.stat().st_size < 4 << 30
        assert not set('<>:"|?*\\') & set(path.name)
        assert len(path.name) <= 255
    assert "Knows smudges better." in (stick / "READ-ME-FIRST.txt").read_text()
    kinds = {n.split(".", 1)[1] for n in names if n.startswith("targets/")}
    assert {
        "card.toml",
        "golden.npz",
        "manifest.toml",
        "model-card.md",
        "model.cpu.onnx",
        "sbom.cdx.json",
    } <= kinds


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda c, b: c.root(*HOLDERS[:4], "ann", "fay"), "one place"),
        (lambda c, b: c.root(*HOLDERS) or c.seal(), "more signatures"),
        (lambda c, b: c.release(b, 0), "too small"),
        (lambda c, b: c.release(b, 1, revokes='[""]', machine='"'), "notes.toml"),
        (lambda c, b: c.key("ann"), "exists"),
        (
            lambda c, b: c.run("sign", c.secret, "--key", c.secret, secret=True),
            "cannot be unlocked",
        ),
        (lambda c, b: c.run("stick", "--repo", c.repo, "--out", c.folder), "read"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    ceremony: Ceremony,
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
    act: Callable[[Ceremony, Path], int],
    words: str,
) -> None:
    capsys.readouterr()
    assert act(ceremony, bundle) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert words in line


def test_a_private_key_is_locked_and_for_its_owner_alone(ceremony: Ceremony) -> None:
    private = ceremony.folder / "ann.key"
    assert private.stat().st_mode & 0o777 == 0o600
    assert "ENCRYPTED" in private.read_text()
    ceremony.secret.write_text("the wrong passphrase")
    ceremony.root(*HOLDERS)
    path = ceremony.repo / "metadata" / "1.root.json"
    assert ceremony.run("sign", path, "--key", private, secret=True) == 1


def test_a_real_model_needs_both_kinds_of_stored_cells(
    ceremony: Ceremony,
    bundle_factory: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    import hashlib

    import numpy as np

    folder = bundle_factory()
    old = hashlib.sha256((folder / "golden.npz").read_bytes()).hexdigest()
    crops = np.zeros((2, 32, 32, 3), np.uint8)
    np.savez(folder / "golden.npz", crops=crops, logits=np.float32([[0, -4]] * 2))
    new = hashlib.sha256((folder / "golden.npz").read_bytes()).hexdigest()
    card = folder / "card.toml"
    card.write_text(card.read_text().replace(old, new))
    assert ceremony.release(folder, 1) == 1
    assert "all normal" in capsys.readouterr().err


def test_the_bill_of_materials_lists_program_libraries_and_model(bundle: Path) -> None:
    card = open_bundle(bundle).card
    document = json.loads(sbom_bytes(card))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    parts = {c["name"]: c for c in document["components"]}
    assert {"numpy", "onnxruntime", "tuf", "cryptography"} <= set(parts)
    assert "torch" not in parts
    model = parts["simulated-1"]
    assert model["type"] == "machine-learning-model"
    assert model["hashes"][0]["content"] == card.model_cpu.sha256
    assert model["modelCard"]["considerations"]["technicalLimitations"]
    assert sbom_bytes(card) == sbom_bytes(card)


@pytest.mark.parametrize("name", sorted(shipped_bundles()))
def test_the_model_card_says_every_figure_of_the_card(name: str) -> None:
    card = open_bundle(shipped_bundles()[name]).card
    text = model_card_text(card)
    for value in (card.metrics.sensitivity, card.metrics.auroc, card.data.n_people):
        assert str(value) in text
    for limit in card.limits:
        assert limit in text
    assert "not a diagnosis" in text


def test_the_manifest_on_the_stick_reads_back(ceremony: Ceremony, bundle: Path) -> None:
    stick = published(ceremony, bundle)
    (path,) = stick.rglob("*.manifest.toml")
    manifest = parse_manifest(path.read_bytes())
    assert manifest.release == "0.1"
    for fact in manifest.files:
        stored = path.with_name(f"{fact.sha256}.{fact.name}")
        assert stored.stat().st_size == fact.size_bytes


def test_one_file_is_published_beside_the_folder_and_is_taken_alone(
    ceremony: Ceremony, bundle: Path, tmp_path: Path
) -> None:
    stick, data = published(ceremony, bundle), ["--data", str(tmp_path / "data")]
    root = str(stick / "LEUKOSCOPE-UPDATE" / "metadata" / "1.root.json")
    assert leukoscope(["model", "trust", root, *data]) == 0
    single = stick / "leukoscope.allbundle"
    assert leukoscope(["model", "install", str(single), *data, *ACCEPTED]) == 0
