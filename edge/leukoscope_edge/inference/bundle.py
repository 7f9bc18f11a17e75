"""A bundle opened: its card read, every file read once, hashed and admitted.

Four in five single flipped bits in an ONNX file load and run without an error
(measured), so no file is used before its sha256 agrees with the card. The bytes that
were hashed are the bytes that are used: nothing is read a second time. After the hash,
`admission` looks into each model.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference.card import Card, read_card
from leukoscope_edge.inference.card_entries import FileEntry, QuickEntry
from leukoscope_edge.inference.onnx_policy import MAX_MODEL_BYTES, check
from leukoscope_edge.types import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """Stored cells and the answers that the exporter got.

    Attributes:
        crops: (N, side, side, 3) uint8 RGB.
        logits: (N, A) float32: normal, blast, the kinds and the distance where the
            card has them.
        quick_logits: (N, A) float32, the quick network's, where there is one.
    """

    crops: U8
    logits: F32
    quick_logits: F32 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A verified bundle.

    Attributes:
        folder: Where it lies.
        card: Its card.
        model: The bytes of the CPU model file.
        golden: Its self-test.
        model_trt: The bytes of the file for TensorRT, where there is one.
        model_fp16: The bytes of the one for a GPU without int8, where there is one.
        quick: The network that is asked first, as a bundle of its own: same folder,
            same cells, its own files, answers and operating points.
    """

    folder: Path
    card: Card
    model: bytes
    golden: Golden
    model_trt: bytes | None = None
    model_fp16: bytes | None = None
    quick: "Bundle | None" = None

    def without_files(self) -> "Bundle":
        """Return it without its models' bytes, for when an engine has loaded them."""
        quick = self.quick and self.quick.without_files()
        return replace(self, model=b"", model_trt=None, model_fp16=None, quick=quick)


def shipped_bundles() -> dict[str, Path]:
    """Return the bundles inside this package by id, in the order of their names."""
    root = Path(str(resources.files("leukoscope_edge"))) / "bundles"
    return {p.parent.name: p.parent for p in sorted(root.glob("*/card.toml"))}


def shipped_bundle_for(domain: Domain) -> Path:
    """Return the shipped bundle for a domain; see `preferred_for`."""
    return preferred_for(domain, shipped_bundles().values())


def preferred_for(domain: Domain, folders: Iterable[Path]) -> Path:
    """Return the bundle for a domain, of several the most preferred by card.

    Raises:
        BundleError: None is of that domain.
    """
    cards = {folder: read_card(folder) for folder in folders}
    made_for = [f for f, card in cards.items() if card.domain == domain]
    if not made_for:
        raise BundleError(
            f"no model for {domain} slides is installed; reinstall the package "
            "or name one with --bundle DIR"
        )
    return max(made_for, key=lambda folder: cards[folder].preference)


def open_bundle(folder: Path) -> Bundle:
    """Open a bundle and check every file against its card.

    Raises:
        BundleError: A file is missing, too large, changed or not what it should be.
        CardError: The card is wrong.
    """
    if not folder.is_dir():
        raise BundleError(
            f"{folder}: no model bundle here; name a folder with --bundle"
        )
    card = read_card(folder)
    golden = _read_golden(_read_checked(folder, card.golden.file), card)
    quick = _open_quick(folder, card, card.quick, golden) if card.quick else None
    return _open_network(folder, card, golden, quick)


def _open_quick(folder: Path, card: Card, quick: QuickEntry, golden: Golden) -> Bundle:
    if golden.quick_logits is None:
        raise BundleError(f"{card.golden.file.name}: has no answers of [quick]")
    own = replace(
        card,
        id=f"{card.id}/quick",
        model_cpu=quick.model_cpu,
        model_trt=quick.model_trt,
        model_fp16=quick.model_fp16,
        network=quick.network,
        decision=quick.decision,
        outliers=quick.outliers,
        quick=None,
    )
    answers = Golden(crops=golden.crops, logits=golden.quick_logits)
    return _open_network(folder, own, answers, None)


def _open_network(
    folder: Path, card: Card, golden: Golden, quick: Bundle | None
) -> Bundle:
    return Bundle(
        folder=folder,
        card=card,
        model=_read_model(folder, card.model_cpu),
        golden=golden,
        model_trt=_read_model(folder, card.model_trt) if card.model_trt else None,
        model_fp16=_read_model(folder, card.model_fp16) if card.model_fp16 else None,
        quick=quick,
    )


def _read_model(folder: Path, entry: FileEntry) -> bytes:
    data = _read_checked(folder, entry)
    check(data, where=str(folder / entry.name))
    return data


def _read_checked(folder: Path, entry: FileEntry) -> bytes:
    path = folder / entry.name
    try:
        size = path.stat().st_size
        if size > MAX_MODEL_BYTES:
            raise BundleError(
                f"{path}: {size} bytes, expected at most {MAX_MODEL_BYTES}"
            )
        data = path.read_bytes()
    except OSError as err:
        raise BundleError(
            f"{path}: cannot be read ({err.strerror}); install the bundle again"
        ) from err
    digest = hashlib.sha256(data).hexdigest()
    if digest != entry.sha256:
        raise BundleError(
            f"{path}: damaged or replaced: sha256 {digest[:12]}..., the card says "
            f"{entry.sha256[:12]}...; install the bundle again"
        )
    return data


def _read_golden(data: bytes, card: Card) -> Golden:
    name, side = card.golden.file.name, card.input.side_px
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            crops, logits = arrays["crops"], arrays["logits"]
            quick = arrays.get("quick_logits")
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as err:
        raise BundleError(f"{name}: is not an .npz with crops and logits") from err
    n = len(crops)
    if n == 0 or crops.shape != (n, side, side, 3) or crops.dtype != np.uint8:
        raise BundleError(
            f"{name}: crops must be (N, {side}, {side}, 3) uint8, "
            f"got {crops.shape} {crops.dtype}"
        )
    for answers in (logits,) if quick is None else (logits, quick):
        if answers.shape != (n, card.n_answers) or answers.dtype != np.float32:
            raise BundleError(
                f"{name}: logits must be ({n}, {card.n_answers}) float32, "
                f"got {answers.shape} "
                f"{answers.dtype}"
            )
        if not np.isfinite(answers).all():
            raise BundleError(f"{name}: logits must be finite numbers")
    return Golden(crops=crops, logits=logits, quick_logits=quick)
