"""Puts a fitted network, its calibration and its figures into a bundle's folder."""

import hashlib
import io
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from leukoscope_edge.inference.bundle import open_bundle
from leukoscope_edge.inference.card import (
    CARD_NAME,
    FORMAT,
    Card,
    DataEntry,
    FileEntry,
    GoldenEntry,
    InputEntry,
    MetricsEntry,
    NetworkEntry,
)
from leukoscope_edge.inference.engine import OnnxCpuEngine, self_test
from leukoscope_edge.types import F32, U8, Domain
from leukoscope_export.cards import card_toml
from leukoscope_export.golden import golden_crops
from leukoscope_export.quantise import run_onnx
from leukoscope_train.calibrate import Calibration
from leukoscope_train.networks import n_parameters

MODEL_NAME = "model.cpu.onnx"
GOLDEN_NAME = "golden.npz"
LOGIT_TOLERANCE = 0.5
"""Largest difference of a logit between two CPUs. int8 kernels without VNNI may
saturate and round elsewhere; a damaged file differs by far more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What the card says beside what follows from the files.

    Attributes:
        id: Name of the bundle and of its folder.
        created: Date, ISO 8601.
        domain: Real or simulated.
        summary: One sentence.
        limits: What it must not be used for, what is not known.
        architecture: Name of the network.
        input: How a crop is cut and normalised.
        calibration: Temperature, operating points and spreads.
        data: What it was trained on.
        metrics: Figures of the quantised model on people it never saw.
    """

    id: str
    created: str
    domain: Domain
    summary: str
    limits: tuple[str, ...]
    architecture: str
    input: InputEntry
    calibration: Calibration
    data: DataEntry
    metrics: MetricsEntry


def write_bundle(
    folder: Path, int8: Path, network: nn.Module, release: Release
) -> None:
    """Write a bundle aside, open it as the device would, test it, and rename it.

    Args:
        folder: The bundle's folder; an older one there is replaced.
        int8: The quantised model file.
        network: The network it came from, for its size.
        release: The rest of the card.

    Raises:
        BundleError: The device would refuse it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".bundle-"))
    try:
        _fill(aside, int8, network, release)
        bundle = open_bundle(aside)
        with OnnxCpuEngine(bundle) as engine:
            self_test(engine, bundle)
        aside.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fill(aside: Path, int8: Path, network: nn.Module, release: Release) -> None:
    model = int8.read_bytes()
    crops = golden_crops(release.input.side_px, release.input.colour)
    golden = _golden_bytes(crops, run_onnx(int8, crops, release.input))
    (aside / MODEL_NAME).write_bytes(model)
    (aside / GOLDEN_NAME).write_bytes(golden)
    card = Card(
        format=FORMAT,
        id=release.id,
        created=release.created,
        domain=release.domain,
        summary=release.summary,
        limits=release.limits,
        model_cpu=_entry(MODEL_NAME, model),
        network=NetworkEntry(
            architecture=release.architecture,
            precision="int8",
            n_parameters=n_parameters(network),
        ),
        input=release.input,
        decision=release.calibration.decision,
        false_calls=release.calibration.false_calls,
        true_calls=release.calibration.true_calls,
        data=release.data,
        metrics=release.metrics,
        golden=GoldenEntry(
            file=_entry(GOLDEN_NAME, golden), logit_tolerance=LOGIT_TOLERANCE
        ),
    )
    (aside / CARD_NAME).write_text(card_toml(card), encoding="utf-8")


def _entry(name: str, data: bytes) -> FileEntry:
    return FileEntry(name=name, sha256=hashlib.sha256(data).hexdigest())


def _golden_bytes(crops: U8, logits: F32) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, crops=crops, logits=logits)
    return buffer.getvalue()
