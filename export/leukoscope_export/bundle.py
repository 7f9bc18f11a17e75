"""Puts a fitted network, its calibration and its figures into a bundle's folder."""

import hashlib
import math
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from leukoscope_edge.arrays import F64, U8
from leukoscope_edge.inference import (
    CARD_NAME,
    FORMAT,
    MAX_DISTANCE_SHARE,
    MAX_TOLERANCE,
    BaselineEntry,
    Card,
    ConformalEntry,
    DataEntry,
    DecisionEntry,
    FileEntry,
    GoldenEntry,
    InputEntry,
    KindsEntry,
    LaboratoriesEntry,
    MetricsEntry,
    NetworkEntry,
    OutlierEntry,
    QuickEntry,
    open_bundle,
    open_engine,
    p_blast,
    self_test,
)
from leukoscope_edge.types import Domain
from leukoscope_export.golden import golden_bytes, golden_cells
from leukoscope_export.graphs import Files, run_onnx
from leukoscope_export.tolerance import (
    cpu_tolerance,
    gpu_tolerance,
    gpu_tolerances,
)
from leukoscope_train.evaluation import CallCalibration
from leukoscope_train.toml import as_toml

DEEP, QUICK = "model", "quick"
"""Stems of the model files: `model.cpu.onnx`, `model.trt.onnx`, and so on."""
GOLDEN_NAME = "golden.npz"


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
        kinds: What it tells apart.
        laboratories: Who taught and who judged it.
        preference: Of several shipped bundles the highest serves.
    """

    id: str
    created: str
    domain: Domain
    summary: str
    limits: tuple[str, ...]
    input: InputEntry
    calibration: CallCalibration
    data: DataEntry
    metrics: MetricsEntry
    size_only: BaselineEntry | None = None
    conformal: ConformalEntry | None = None
    kinds: KindsEntry | None = None
    laboratories: LaboratoriesEntry | None = None
    preference: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One network's files and what the card says of it."""

    files: Files
    architecture: str
    n_parameters: int
    outliers: OutlierEntry | None = None

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


def with_card(folder: Path, card: Card, out: Path) -> Path:
    """Write a bundle's files anew under another card, and test it.

    Args:
        folder: The bundle with the files.
        card: The new card, which names the new folder.
        out: Where that is made.

    Raises:
        LeukoscopeError: The device refuses it.
    """
    made = out / card.id
    shutil.copytree(folder, made)
    (made / CARD_NAME).write_text(as_toml(card), encoding="utf-8")
    _test(made)
    return made


def _test(folder: Path) -> None:
    bundle = open_bundle(folder)
    with open_engine(bundle, backend="cpu") as engine:
        self_test(engine, bundle)


def _fill(aside: Path, trained: Trained, release: Release, quick: Quick | None) -> None:
    crops = golden_cells(
        release.domain, release.input.crop_spec, partial(_p_blast_of, trained, release)
    )
    networks = {"logits": trained}
    if quick is not None:
        networks["quick_logits"] = quick.trained
    cpu, trt, fp16 = _write_models(aside, DEEP, trained.files)
    card = Card(
        format=FORMAT,
        id=release.id,
        created=release.created,
        domain=release.domain,
        summary=release.summary,
        limits=release.limits,
        model_cpu=cpu,
        model_trt=trt,
        model_fp16=fp16,
        network=trained.entry(),
        input=release.input,
        decision=release.calibration.decision,
        false_calls=release.calibration.false_calls,
        true_calls=release.calibration.true_calls,
        data=release.data,
        metrics=release.metrics,
        golden=_write_golden(aside, networks, crops, release.input),
        quick=_quick_entry(aside, quick) if quick is not None else None,
        size_only=release.size_only,
        conformal=release.conformal,
        outliers=trained.outliers,
        kinds=release.kinds,
        laboratories=release.laboratories,
        preference=release.preference,
    )
    (aside / CARD_NAME).write_text(as_toml(card), encoding="utf-8")


def _p_blast_of(trained: Trained, release: Release, crops: U8) -> F64:
    logits = run_onnx(trained.files.cpu, crops, release.input)[0]
    return p_blast(logits, release.calibration.decision.temperature)


def _quick_entry(aside: Path, quick: Quick) -> QuickEntry:
    cpu, trt, fp16 = _write_models(aside, QUICK, quick.trained.files)
    return QuickEntry(
        model_cpu=cpu,
        model_trt=trt,
        model_fp16=fp16,
        network=quick.trained.entry(),
        decision=quick.decision,
        outliers=quick.trained.outliers,
    )


def _write_models(
    aside: Path, stem: str, files: Files
) -> tuple[FileEntry, FileEntry, FileEntry | None]:
    cpu = _write(aside, f"{stem}.cpu.onnx", files.cpu)
    trt = _write(aside, f"{stem}.trt.onnx", files.trt)
    if files.fp16 is None:
        return cpu, trt, None
    return cpu, trt, _write(aside, f"{stem}.fp16.onnx", files.fp16)


def _write_golden(
    aside: Path, networks: dict[str, Trained], crops: U8, spec: InputEntry
) -> GoldenEntry:
    """Write the stored cells with the CPU files' answers, and how far they may move."""
    answers = {
        name: run_onnx(t.files.cpu, crops, spec)[0] for name, t in networks.items()
    }
    moved = [(t.files, crops, spec, answers[name]) for name, t in networks.items()]
    limits = [t.outliers.distance_limit for t in networks.values() if t.outliers]
    on_gpu: Sequence[float]
    distance: float | None = None
    if limits:
        on_gpu, distances = zip(*(gpu_tolerances(*m) for m in moved), strict=True)
        distance = _at_most(MAX_DISTANCE_SHARE * min(limits), distances)
    else:
        on_gpu = [gpu_tolerance(*m) for m in moved]
    return GoldenEntry(
        file=_write(aside, GOLDEN_NAME, golden_bytes(crops, answers)),
        logit_tolerance=round(max(cpu_tolerance(*m) for m in moved), 4),
        gpu_tolerance=_at_most(MAX_TOLERANCE, on_gpu),
        gpu_distance_tolerance=distance,
    )


def _at_most(most: float, measured: Sequence[float]) -> float:
    return min(round(max(measured), 4), math.floor(1e4 * most) / 1e4)


def _write(aside: Path, name: str, data: bytes) -> FileEntry:
    (aside / name).write_bytes(data)
    return _entry(name, data)


def _entry(name: str, data: bytes) -> FileEntry:
    return FileEntry(name=name, sha256=hashlib.sha256(data).hexdigest())
