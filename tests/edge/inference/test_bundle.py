import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.red_bundle import red_model

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
        ({"crops": CROPS, "logits": LOGITS[:, :1]}, "logits must be"),
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


KINDS = "cpu", "trt", "fp16"
FILES = [f"{of}model_{kind}" for of in ("", "quick.") for kind in KINDS]
PAIR = """
[outliers]
distance_limit = 10.0
turned_away = 0.05
[quick.network]
architecture = "small"
precision = "fp32"
n_parameters = 0
[quick.decision]
temperature = 1.0
normal_to = 0.3
blast_from = 0.7
[quick.outliers]
distance_limit = 20.0
turned_away = 0.05
"""
DEEP_ANSWERS = np.zeros((2, 3), np.float32)
QUICK_ANSWERS = np.ones((2, 3), np.float32)


@pytest.fixture
def pair(bundle_folder: Path) -> Callable[..., dict[str, bytes]]:
    """Makes the bundle a pair of which no two files are alike; returns the models."""

    def make(**changed: bytes) -> dict[str, bytes]:
        rehash_golden(
            bundle_folder,
            {"crops": CROPS, "logits": DEEP_ANSWERS, "quick_logits": QUICK_ANSWERS},
        )
        models = {f: red_model(n_outputs=3, gain=i) for i, f in enumerate(FILES, 1)}
        models |= {name.replace("__", "."): data for name, data in changed.items()}
        path = bundle_folder / "card.toml"
        old = hashlib.sha256((bundle_folder / "model.cpu.onnx").read_bytes())
        new = hashlib.sha256(models["model_cpu"])
        text = path.read_text().replace(old.hexdigest(), new.hexdigest()) + PAIR
        for name, data in models.items():
            file = "model.cpu.onnx" if name == "model_cpu" else name
            (bundle_folder / file).write_bytes(data)
            if name != "model_cpu":
                sha256 = hashlib.sha256(data).hexdigest()
                text += f'[{name}]\nname = "{file}"\nsha256 = "{sha256}"\n'
        path.write_text(text)
        return models

    return make


def test_each_network_of_a_pair_has_its_own_files_points_and_answers(
    bundle_folder: Path, pair: Callable[..., dict[str, bytes]]
) -> None:
    models = pair()
    deep = open_bundle(bundle_folder)
    quick = deep.quick
    assert quick is not None
    assert quick.card.outliers is not None
    files = [(b.model, b.model_trt, b.model_fp16) for b in (deep, quick)]
    assert [*files[0], *files[1]] == [models[name] for name in FILES]
    assert (quick.card.decision.blast_from, deep.card.decision.blast_from) == (0.7, 0.6)
    assert quick.card.outliers.distance_limit == 20.0
    assert quick.card.network.architecture == "small"
    assert (deep.golden.logits == DEEP_ANSWERS).all()
    assert (quick.golden.logits == QUICK_ANSWERS).all()
    bare = deep.without_files()
    assert bare.quick is not None
    for one in (bare, bare.quick):
        assert (one.model, one.model_trt, one.model_fp16) == (b"", None, None)


@pytest.mark.parametrize("name", FILES)
def test_every_model_of_a_bundle_is_looked_into_whatever_its_hash_says(
    bundle_folder: Path, pair: Callable[..., dict[str, bytes]], name: str
) -> None:
    pair(**{name.replace(".", "__"): b"no model"})
    with pytest.raises(BundleError, match="use another bundle"):
        open_bundle(bundle_folder)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (QUICK_ANSWERS[:, :2], "logits must be"),
        (QUICK_ANSWERS[:1], "logits must be"),
        (QUICK_ANSWERS.astype(float), "logits must be"),
        (QUICK_ANSWERS * np.float32(np.inf), "finite numbers"),
    ],
)
def test_the_quick_networks_answers_are_looked_at_as_well(
    bundle_folder: Path,
    pair: Callable[..., dict[str, bytes]],
    answers: np.ndarray,
    message: str,
) -> None:
    pair()
    arrays = {"crops": CROPS, "logits": DEEP_ANSWERS, "quick_logits": answers}
    rehash_golden(bundle_folder, arrays)
    with pytest.raises(BundleError, match=message):
        open_bundle(bundle_folder)


@pytest.mark.parametrize("place", [0, 20, 63])
def test_a_hash_is_compared_to_its_last_digit(bundle_folder: Path, place: int) -> None:
    card = bundle_folder / "card.toml"
    sha256 = read_card(bundle_folder).model_cpu.sha256
    other = "0" if sha256[place] != "0" else "1"
    off = sha256[:place] + other + sha256[place + 1 :]
    card.write_text(card.read_text().replace(sha256, off))
    with pytest.raises(BundleError, match="damaged or replaced"):
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
    folders = [first.with_name(name) for name in "acb"]
    for folder, preference in zip(folders, (1, 3, 2), strict=True):
        folder.mkdir()
        text = (first / "card.toml").read_text()
        (folder / "card.toml").write_text(f"preference = {preference}\n{text}")
    folders[1] = folders[1].rename(first.with_name("a0"))
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
