"""Puts a fitted network, its calibration and its figures into a bundle's folder."""

import hashlib
import io
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leukoscope_edge.inference.bundle import open_bundle
from leukoscope_edge.inference.card import (
    CARD_NAME,
    FORMAT,
    BaselineEntry,
    Card,
    ConformalEntry,
    DataEntry,
    DecisionEntry,
    FileEntry,
    GoldenEntry,
    InputEntry,
    MetricsEntry,
    NetworkEntry,
    QuickEntry,
)
from leukoscope_edge.inference.engine import OnnxCpuEngine, self_test
from leukoscope_edge.types import F32, U8, Domain
from leukoscope_export.golden import golden_crops
from leukoscope_export.quantise import Files, run_onnx
from leukoscope_train.calibrate import Calibration
from leukoscope_train.toml import as_toml

DEEP, QUICK = "model", "quick"
"""Stems of the model files: `model.cpu.onnx`, `model.trt.onnx`, and so on."""
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
        input: How a crop is cut and normalised.
        calibration: Temperature, operating points and spreads.
        data: What it was trained on.
        metrics: Figures of the quantised model on people it never saw.
        size_only: The same of the cell's size alone.
        conformal: Which classes cannot be ruled out.
    """

    id: str
    created: str
    domain: Domain
    summary: str
    limits: tuple[str, ...]
    input: InputEntry
    calibration: Calibration
    data: DataEntry
    metrics: MetricsEntry
    size_only: BaselineEntry | None = None
    conformal: ConformalEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One network's files and what the card says of it."""

    files: Files
    architecture: str
    n_parameters: int

    def entry(self) -> NetworkEntry:
        """Return the card's network entry."""
        return NetworkEntry(
            architecture=self.architecture,
            precision="int8",
            n_parameters=self.n_parameters,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """The network that is asked first, and its own operating points."""

    trained: Trained
    decision: DecisionEntry


def write_bundle(
    folder: Path, trained: Trained, release: Release, quick: Quick | None = None
) -> None:
    """Write a bundle aside, open it as the device would, test it, and rename it.

    Args:
        folder: The bundle's folder; an older one there is replaced.
        trained: The network.
        release: The rest of the card.
        quick: The network that is asked first; None for none.

    Raises:
        BundleError: The device would refuse it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".bundle-"))
    try:
        _fill(aside, trained, release, quick)
        _test(aside)
        aside.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _test(folder: Path) -> None:
    bundle = open_bundle(folder)
    for one in (bundle, bundle.quick):
        if one is not None:
            with OnnxCpuEngine(one) as engine:
                self_test(engine, one)


def _fill(aside: Path, trained: Trained, release: Release, quick: Quick | None) -> None:
    crops = golden_crops(release.input.side_px, release.input.colour)
    answers = {"logits": _answers(trained, crops, release.input)}
    if quick is not None:
        answers["quick_logits"] = _answers(quick.trained, crops, release.input)
    golden = _golden_bytes(crops, answers)
    (aside / GOLDEN_NAME).write_bytes(golden)
    cpu, trt = _write_models(aside, DEEP, trained.files)
    card = Card(
        format=FORMAT,
        id=release.id,
        created=release.created,
        domain=release.domain,
        summary=release.summary,
        limits=release.limits,
        model_cpu=cpu,
        model_trt=trt,
        network=trained.entry(),
        input=release.input,
        decision=release.calibration.decision,
        false_calls=release.calibration.false_calls,
        true_calls=release.calibration.true_calls,
        data=release.data,
        metrics=release.metrics,
        golden=GoldenEntry(
            file=_entry(GOLDEN_NAME, golden), logit_tolerance=LOGIT_TOLERANCE
        ),
        quick=_quick_entry(aside, quick) if quick is not None else None,
        size_only=release.size_only,
        conformal=release.conformal,
    )
    (aside / CARD_NAME).write_text(as_toml(card), encoding="utf-8")


def _quick_entry(aside: Path, quick: Quick) -> QuickEntry:
    cpu, trt = _write_models(aside, QUICK, quick.trained.files)
    return QuickEntry(
        model_cpu=cpu,
        model_trt=trt,
        network=quick.trained.entry(),
        decision=quick.decision,
    )


def _write_models(aside: Path, stem: str, files: Files) -> tuple[FileEntry, FileEntry]:
    named = {f"{stem}.cpu.onnx": files.cpu, f"{stem}.trt.onnx": files.trt}
    for name, data in named.items():
        (aside / name).write_bytes(data)
    cpu, trt = (_entry(name, data) for name, data in named.items())
    return cpu, trt


def _answers(trained: Trained, crops: U8, spec: InputEntry) -> F32:
    return run_onnx(trained.files.cpu, crops, spec)[0]


def _entry(name: str, data: bytes) -> FileEntry:
    return FileEntry(name=name, sha256=hashlib.sha256(data).hexdigest())


def _golden_bytes(crops: U8, answers: dict[str, F32]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, crops=crops, **answers)
    return buffer.getvalue()
