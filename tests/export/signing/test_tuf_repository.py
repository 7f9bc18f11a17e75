"""A repository as a folder, drafted, signed and written onto a stick."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.export.publisher import Publisher, published

from leukoscope_edge.updates import parse_manifest


def test_the_stick_holds_what_fat32_can_hold(
    publisher: Publisher, bundle: Path
) -> None:
    stick = published(publisher, bundle) / "LEUKOSCOPE-UPDATE"
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


def test_a_real_model_needs_both_kinds_of_stored_cells(
    publisher: Publisher,
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
    assert publisher.release(folder, 1) == 1
    assert "all normal" in capsys.readouterr().err


def test_the_manifest_on_the_stick_reads_back(
    publisher: Publisher, bundle: Path
) -> None:
    stick = published(publisher, bundle)
    (path,) = stick.rglob("*.manifest.toml")
    manifest = parse_manifest(path.read_bytes())
    assert manifest.release == "0.1"
    for fact in manifest.files:
        stored = path.with_name(f"{fact.sha256}.{fact.name}")
        assert stored.stat().st_size == fact.size_bytes
