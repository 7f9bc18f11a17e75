from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference import bundle, read_card
from leukoscope_edge.inference.bundle import (
    open_bundle,
    preferred_for,
    shipped_bundle_for,
    shipped_bundles,
)


def test_opens_an_honest_bundle(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    assert bundle.model == (bundle_folder / "model.cpu.onnx").read_bytes()
    assert bundle.golden.crops.shape == (2, 32, 32, 3)


@pytest.mark.parametrize("name", ["model.cpu.onnx", "golden.npz"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "delete", "folder"])
def test_refuses_a_damaged_file(bundle_folder: Path, name: str, damage: str) -> None:
    path = bundle_folder / name
    data = bytearray(path.read_bytes())
    path.unlink()
    match damage:
        case "flip":
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        case "truncate":
            path.write_bytes(data[:-1])
        case "empty":
            path.write_bytes(b"")
        case "folder":
            path.mkdir()
    with pytest.raises(BundleError, match=name):
        open_bundle(bundle_folder)


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no model bundle here"):
        open_bundle(tmp_path / "gone")


def rehash_golden(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    import hashlib

    path, card = folder / "golden.npz", folder / "card.toml"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    np.savez(path, **arrays)
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    card.write_text(card.read_text().replace(old, new))


CROPS = np.zeros((2, 32, 32, 3), np.uint8)
LOGITS = np.zeros((2, 2), np.float32)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"crops": CROPS}, "not an .npz with crops and logits"),
        ({"crops": CROPS[:0], "logits": LOGITS[:0]}, "crops must be"),
        ({"crops": CROPS[:, :16], "logits": LOGITS}, "crops must be"),
        ({"crops": CROPS.astype(float), "logits": LOGITS}, "crops must be"),
        ({"crops": CROPS, "logits": LOGITS[:1]}, "logits must be"),
        ({"crops": CROPS.astype(np.int16), "logits": LOGITS}, "crops must be"),
        ({"crops": CROPS, "logits": LOGITS.astype(float)}, "logits must be"),
        ({"crops": CROPS, "logits": LOGITS + np.float32(np.nan)}, "finite numbers"),
        ({"crops": CROPS, "logits": LOGITS + np.float32(np.inf)}, "finite numbers"),
        (
            {"crops": np.array([{}], object), "logits": LOGITS},
            "not an .npz with crops and logits",
        ),
    ],
)
def test_refuses_stored_cells_of_another_shape(
    bundle_folder: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    rehash_golden(bundle_folder, arrays)
    with pytest.raises(BundleError, match=message):
        open_bundle(bundle_folder)


def test_every_shipped_bundle_opens_under_its_own_name() -> None:
    for name, folder in shipped_bundles().items():
        assert open_bundle(folder).card.id == name


@pytest.mark.parametrize("domain", ["real", "simulated"])
def test_one_bundle_is_shipped_for_each_domain(domain: str) -> None:
    assert read_card(shipped_bundle_for(domain)).domain == domain  # type: ignore[arg-type]


def test_of_several_bundles_the_most_preferred_by_card_is_taken(
    bundle_factory: Callable[..., Path],
) -> None:
    first = bundle_factory()
    folders = [first.with_name(str(n)) for n in (1, 3, 2)]
    for folder in folders:
        folder.mkdir()
        text = (first / "card.toml").read_text()
        (folder / "card.toml").write_text(f"preference = {folder.name}\n{text}")
    assert preferred_for("real", folders) == folders[1]
    with pytest.raises(BundleError, match="no model for simulated slides"):
        preferred_for("simulated", folders)


def test_a_file_may_be_as_large_as_is_allowed_and_no_larger(
    bundle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = max(p.stat().st_size for p in bundle_folder.iterdir())
    monkeypatch.setattr(bundle, "MAX_MODEL_BYTES", largest)
    open_bundle(bundle_folder)
    monkeypatch.setattr(bundle, "MAX_MODEL_BYTES", largest - 1)
    with pytest.raises(BundleError, match="expected at most"):
        open_bundle(bundle_folder)
