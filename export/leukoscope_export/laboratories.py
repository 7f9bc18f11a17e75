"""A bundle of kinds: a pair of taught networks, calibrated on laboratories left out.

Every laboratory that judges is judged by int8 files that never saw it: of a fit of the
same recipe without it, or of the shipped networks where it never taught. Operating
points, spreads, the limit of the outlier test and the card's figures are from these.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from leukoscope_edge.config import read_toml
from leukoscope_edge.inference.card import (
    BaselineEntry,
    DataEntry,
    DecisionEntry,
    InputEntry,
    KindsEntry,
    LaboratoriesEntry,
    LeftOutEntry,
    MetricsEntry,
    OutlierEntry,
    SpreadEntry,
)
from leukoscope_edge.types import F32, F64, BoolArray, Domain
from leukoscope_export.bundle import Quick, Release, Trained, write_bundle
from leukoscope_export.graphs.bias import correct_biases
from leukoscope_export.graphs.fp32_graph import onnx_bytes
from leukoscope_export.graphs.outlier_head import (
    pooled_features,
    pooled_name,
    with_distance,
)
from leukoscope_export.graphs.quantise import Files, quantise, run_onnx
from leukoscope_export.graphs.scales import Method
from leukoscope_export.kinds import with_two_logits
from leukoscope_export.points import PairPoints, Truth, fit_points, kinds_temperature
from leukoscope_train.commands.kinds import SHOWN_UM, load_taught
from leukoscope_train.data.cells import I64, DataError, Strings
from leukoscope_train.data.laboratories import (
    HELD_OUT,
    KINDS,
    LabCells,
    join,
    load_cells,
    of_laboratories,
)
from leukoscope_train.evaluation import metrics
from leukoscope_train.evaluation.calibrate import Calibration, fit_spread, probabilities
from leukoscope_train.evaluation.judge import interval_of, is_mature, kinds_of
from leukoscope_train.evaluation.outliers import N_PROTOTYPES, distances, whitening
from leukoscope_train.fit import INPUT_MEAN, INPUT_STD
from leukoscope_train.networks.architectures import Kinds, n_parameters
from leukoscope_train.teach import blast_margin, draw_chances, kept

N_CALIBRATION = 256
N_KNOWN = 4096
"""Training cells, drawn as they teach, that the outlier test is fitted to."""
UNLIKE = 0.05
"""Share of left-out mature cells that the outlier test may turn away."""
MIN_CELLS = 10
"""Called cells of a person or a laboratory, to count in a spread."""
PRECURSOR = "B-precursor"
UNTAUGHT = -100.0
"""Logit of a kind that nobody taught."""
MAX_COMPARED = 800
"""Cells of a laboratory on which the forms of a file are held against another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A laboratory, judged by networks that never saw it.

    Attributes:
        laboratory: Its name in the cells.
        cells: Files of `gather`.
        deep: Folder of the deep network's fit without it.
        quick: The same of the quick network; "" for no pair.
        decides: Operating points are chosen with it; else it is only reported.
    """

    laboratory: str
    cells: tuple[str, ...]
    deep: str
    quick: str = ""
    decides: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KindNotes:
    """What a person writes of a release; the rest is measured."""

    id: str
    created: str
    domain: Domain
    summary: str
    limits: tuple[str, ...]
    source: str
    licence: str
    deep: str
    cells: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    quick: str = ""
    method: Method = "minmax"
    preference: int = 0


class _Network:
    """A taught network and its int8 files, made once."""

    def __init__(self, folder: Path, cells: LabCells, method: Method) -> None:
        about = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        self.folder, self.about = folder, about
        self.side_px = int(about["plan"]["side_px"])
        self.spec = input_entry(self.side_px)
        taught = of_laboratories(cells, about["laboratories"])
        self.cells = taught.pick(taught.splits != HELD_OUT)
        # Exported from the other layout the file would shuffle axes.
        network = load_taught(folder).to(memory_format=torch.contiguous_format)
        taught_kinds = set(self.cells.kinds.tolist())
        self.places = [i for i, kind in enumerate(KINDS) if kind in taught_kinds]
        if isinstance(network, Kinds):
            network.keep_kinds(self.places)
        self.n_parameters = n_parameters(network)
        fp32 = onnx_bytes(network, self.side_px)
        chosen = kept(self.drawn(N_CALIBRATION), self.side_px)
        self.files = correct_biases(
            quantise(fp32, chosen, self.spec, method), chosen, self.spec
        )

    def drawn(self, n_cells: int) -> LabCells:
        """Return cells drawn as they teach, always the same."""
        random = np.random.default_rng(0)
        chances = draw_chances(self.cells)
        return self.cells.pick(random.choice(len(self.cells), n_cells, p=chances))

    def logits(self, cells: LabCells, form: str = "cpu") -> F32:
        """Return (N, K) logits of all KINDS of a form of the file.

        Kinds that nobody taught stand far below the others.
        """
        crops = kept(cells, self.side_px)
        found = np.full((len(cells), len(KINDS)), UNTAUGHT, np.float32)
        own = run_onnx(getattr(self.files, form), crops, self.spec)[0]
        found[:, self.places] = own
        return found

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that its file answers, in order."""
        return tuple(KINDS[i] for i in self.places)


def input_entry(side_px: int) -> InputEntry:
    """Return the card's input of networks of kinds."""
    return InputEntry(
        side_px=side_px,
        scale_um_per_px=SHOWN_UM / side_px,
        colour="masked",
        light="white-balanced",
        mean=INPUT_MEAN,
        std=INPUT_STD,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Left-out cells with the word of both networks on each.

    Attributes:
        cells: N cells.
        deep: (N, K) logits of the deep network's int8 file for the CPU.
        quick: The same of the quick network; None where there is none.
        decides: (N,) whether operating points are chosen with a cell.
    """

    cells: LabCells
    deep: F32
    quick: F32 | None
    decides: BoolArray

    @property
    def truth(self) -> Truth:
        """What is known of the cells."""
        return Truth(
            blast=self.cells.is_blast,
            mature=is_mature(self.cells),
            laboratories=self.cells.laboratories,
            decides=self.decides,
        )

    @property
    def groups(self) -> Strings:
        """(N,) the person where known, else the laboratory."""
        known = self.cells.people != ""
        return np.where(known, self.cells.people, self.cells.laboratories)

    def pick(self, chosen: BoolArray) -> "Judged":
        """Return the chosen cells."""
        return Judged(
            cells=self.cells.pick(chosen),
            deep=self.deep[chosen],
            quick=None if self.quick is None else self.quick[chosen],
            decides=self.decides[chosen],
        )


class Networks:
    """The networks of a release by folder, each quantised once."""

    def __init__(self, notes: KindNotes) -> None:
        self._notes = notes
        self.cells = join(load_cells(Path(path)) for path in notes.cells)
        self._made: dict[str, _Network] = {}

    def of(self, folder: str) -> _Network:
        """Return the network of a folder."""
        if folder not in self._made:
            made = _Network(Path(folder), self.cells, self._notes.method)
            self._made[folder] = made
        return self._made[folder]


def judged_by(networks: Networks, evidence: Evidence) -> Judged:
    """Judge a laboratory by networks that never saw it.

    Raises:
        DataError: One of them did.
    """
    every = join(load_cells(Path(path)) for path in evidence.cells)
    cells = of_laboratories(every, [evidence.laboratory])
    words = []
    for folder in filter(None, (evidence.deep, evidence.quick)):
        network = networks.of(folder)
        if evidence.laboratory in network.about["laboratories"]:
            raise DataError(
                f"{folder}: was taught by {evidence.laboratory}, which is to judge it"
            )
        words.append(network.logits(cells))
    return Judged(
        cells=cells,
        deep=words[0],
        quick=words[1] if evidence.quick else None,
        decides=np.full(len(cells), evidence.decides, np.bool_),
    )


def join_judged(parts: list[Judged]) -> Judged:
    """Return all cells of several laboratories."""
    quick = [p.quick for p in parts if p.quick is not None]
    return Judged(
        cells=join(p.cells for p in parts),
        deep=np.concatenate([p.deep for p in parts]),
        quick=np.concatenate(quick) if len(quick) == len(parts) else None,
        decides=np.concatenate([p.decides for p in parts]),
    )


def with_kinds(network: _Network, judged: LabCells) -> tuple[Files, OutlierEntry]:
    """Build the calling logits and the outlier test into a network's files.

    Args:
        network: The network.
        judged: Mature cells of laboratories that it never saw; the limit of the
            distance lets all but a few of them pass.

    Returns:
        The files, each answering with 3 + K numbers, and the card's entry.
    """
    files, spec = network.files, network.spec
    pooled = pooled_name(files.fp32)
    known = kept(network.drawn(N_KNOWN), network.side_px)
    features = pooled_features(files.cpu, pooled, known, spec)
    mean = features.mean(axis=0)
    axes = whitening(features - mean, np.ones(len(features)))
    seen = (features - mean) @ axes
    prototypes = seen[:N_PROTOTYPES]
    own = pooled_features(files.cpu, pooled, kept(judged, network.side_px), spec)
    away = distances((own - mean) @ axes, prototypes)
    limit = float(np.quantile(away, 1 - UNLIKE))
    arrays = {"mean": mean, "axes": axes, "prototypes": prototypes}

    def whole(model: bytes) -> bytes:
        return with_distance(with_two_logits(model), pooled, arrays)

    made = Files(
        fp32=whole(files.fp32),
        cpu=whole(files.cpu),
        trt=whole(files.trt),
        scales=files.scales,
    )
    entry = OutlierEntry(distance_limit=round(limit, 4), turned_away=UNLIKE)
    return made, entry


def make_kind_bundle(notes_path: Path, out: Path) -> tuple[Path, dict[str, Any]]:
    """Quantise a pair of taught networks, calibrate it and write its bundle.

    Args:
        notes_path: TOML with the keys of `KindNotes`.
        out: Folder in which the bundle's folder is made.

    Returns:
        The bundle's folder, and the figures of every laboratory left out.

    Raises:
        DataError: A network was taught by a laboratory that is to judge it.
        LeukoscopeError: The notes are wrong, or the device refuses the bundle.
    """
    notes = read_toml(notes_path, KindNotes)
    networks = Networks(notes)
    judged = join_judged([judged_by(networks, e) for e in notes.evidence])
    cells = judged.cells
    mature = is_mature(cells)
    points = fit_points(
        blast_margin(judged.deep),
        None if judged.quick is None else blast_margin(judged.quick),
        judged.truth,
    )
    strangers = cells.pick(
        mature & np.isin(cells.laboratories, _strange(networks, notes))
    )
    deep = networks.of(notes.deep)
    quick = None
    if points.quick is not None:
        network = networks.of(notes.quick)
        quick = Quick(trained=_trained(network, strangers), decision=points.quick)
    release = Release(
        id=notes.id,
        created=notes.created,
        domain=notes.domain,
        summary=notes.summary,
        limits=notes.limits,
        input=deep.spec,
        calibration=Calibration(
            decision=points.deep,
            false_calls=_spread(judged, points, mature),
            true_calls=_spread(judged, points, cells.is_blast == 1),
        ),
        data=_data(notes, deep),
        metrics=_metrics(judged, points, mature),
        size_only=_size_only(judged, mature),
        kinds=_kinds(judged, deep.kinds),
        laboratories=_laboratories(judged, points, deep),
        preference=notes.preference,
    )
    write_bundle(out / notes.id, _trained(deep, strangers), release, quick)
    return out / notes.id, figures(networks, notes, judged, points)


def _strange(networks: Networks, notes: KindNotes) -> list[str]:
    """Return the laboratories that the shipped networks never saw."""
    seen = networks.of(notes.deep).about["laboratories"]
    return [e.laboratory for e in notes.evidence if e.laboratory not in seen]


def _trained(network: _Network, strangers: LabCells) -> Trained:
    files, far = with_kinds(network, strangers)
    return Trained(
        files=files,
        architecture=network.about["plan"]["architecture"],
        n_parameters=network.n_parameters,
        outliers=far,
    )


def _spread(judged: Judged, points: PairPoints, chosen: BoolArray) -> SpreadEntry:
    """Fit how the share called blast differs between laboratories and people."""
    chosen = chosen & judged.decides
    groups, p = judged.groups[chosen], points.p[chosen]
    called = p >= points.deep.blast_from
    usable = called | (p <= points.deep.normal_to)
    names, place = np.unique(groups, return_inverse=True)
    n_called = np.bincount(place, weights=called, minlength=len(names))
    n_usable = np.bincount(place, weights=usable, minlength=len(names))
    enough = n_usable >= MIN_CELLS
    return fit_spread(
        n_called[enough].astype(np.int64), n_usable[enough].astype(np.int64)
    )


def _data(notes: KindNotes, deep: _Network) -> DataEntry:
    people = set(deep.cells.people.tolist()) - {""}
    digest = hashlib.sha256("\n".join(deep.cells.names.tolist()).encode()).hexdigest()
    return DataEntry(
        source=notes.source,
        licence=notes.licence,
        n_cells=len(deep.cells),
        n_people=len(people),
        split_sha256=digest,
        command="docs/training.md, The shipped pair",
    )


def _metrics(judged: Judged, points: PairPoints, mature: BoolArray) -> MetricsEntry:
    counted = judged.decides & (mature | (judged.cells.is_blast == 1))
    labels, p = judged.cells.is_blast[counted], points.p[counted]
    called = p >= points.deep.blast_from
    names = np.unique(judged.cells.laboratories[counted]).tolist()
    return MetricsEntry(
        set=f"blasts and mature cells of {', '.join(names)}, each judged by networks "
        "that never saw its laboratory",
        n_cells=int(counted.sum()),
        n_people=0,
        weighted_f1=round(metrics.weighted_f1(labels, called), 4),
        auroc=round(metrics.auroc(labels, p), 4),
        sensitivity=round(metrics.sensitivity(labels, called), 4),
        specificity=round(metrics.specificity(labels, called), 4),
        ece=round(metrics.expected_calibration_error(labels, p), 4),
    )


def _size_only(judged: Judged, mature: BoolArray) -> BaselineEntry:
    """Call the larger cells blasts, at the size that parts the classes best."""
    counted = judged.decides & (mature | (judged.cells.is_blast == 1))
    labels, area = judged.cells.is_blast[counted], judged.cells.areas_um2[counted]
    best = max(
        metrics.weighted_f1(labels, area >= limit)
        for limit in np.quantile(area, np.linspace(0.05, 0.95, 37))
    )
    return BaselineEntry(
        weighted_f1=round(best, 4), auroc=round(metrics.auroc(labels, area), 4)
    )


def _kinds(judged: Judged, names: tuple[str, ...]) -> KindsEntry:
    named = np.isin(judged.cells.kinds, names[1:]) & judged.decides
    targets = judged.cells.pick(named).targets
    return KindsEntry(
        names=names,
        blast="blast",
        precursor=PRECURSOR if PRECURSOR in names else "",
        temperature=kinds_temperature(judged.deep[named], targets),
    )


def _laboratories(
    judged: Judged, points: PairPoints, deep: _Network
) -> LaboratoriesEntry:
    entries = []
    for name in np.unique(judged.cells.laboratories).tolist():
        own = judged.pick(judged.cells.laboratories == name)
        if 0 < own.cells.is_blast.sum() < len(own.cells):
            p = points.p[judged.cells.laboratories == name]
            found = interval_of(p, own.cells.is_blast, own.cells.people)
            entries.append(
                LeftOutEntry(
                    laboratory=name,
                    network="the pair by a fit without it",
                    n_cells=len(own.cells),
                    auroc=found[0],
                    low=found[1],
                    high=found[2],
                )
            )
    taught = tuple(deep.about["laboratories"])
    names = np.unique(judged.cells.laboratories).tolist()
    return LaboratoriesEntry(
        taught=taught,
        judged=tuple(n for n in names if n not in taught),
        left_out=tuple(entries),
    )


def figures(
    networks: Networks, notes: KindNotes, judged: Judged, points: PairPoints
) -> dict[str, Any]:
    """Return what every left-out laboratory shows: the pair, its parts and int8."""
    quick = None if points.quick is None else asdict(points.quick)
    found: dict[str, Any] = {"points": asdict(points.deep) | {"quick": quick}}
    for evidence in notes.evidence:
        here = judged.cells.laboratories == evidence.laboratory
        own, p = judged.pick(here), points.p[here]
        row = _called(own.cells, p, points.deep)
        row["asked_deep"] = round(float(points.asked_deep[here].mean()), 4)
        parts = {"pair": p, "deep": blast_margin(own.deep)}
        if own.quick is not None:
            parts["quick"] = blast_margin(own.quick)
        if 0 < own.cells.is_blast.sum() < len(own.cells):
            row["auroc"] = {
                n: interval_of(v, own.cells.is_blast, own.cells.people)
                for n, v in parts.items()
            }
        row["forms"] = _forms(networks, evidence, own, points)
        row["kinds"] = kinds_of(own.cells, own.deep)
        found[evidence.laboratory] = row
    return found


def _called(cells: LabCells, p: F64, decision: DecisionEntry) -> dict[str, Any]:
    """Return the shares of calls by kind of cell, at the card's points."""
    blast, normal = p >= decision.blast_from, p <= decision.normal_to
    groups = {"blast": cells.kinds == "blast", "mature": is_mature(cells)}
    groups |= {k: cells.kinds == k for k in np.unique(cells.kinds).tolist()}
    return {
        name: {
            "n": int(own.sum()),
            "called_blast": round(float(blast[own].mean()), 4),
            "unclear": round(float((~blast & ~normal)[own].mean()), 4),
        }
        for name, own in groups.items()
        if own.any()
    }


def _forms(
    networks: Networks, evidence: Evidence, own: Judged, points: PairPoints
) -> dict[str, Any]:
    """Hold both int8 forms of both networks against the float files."""
    found = {}
    some = np.arange(len(own.cells)) % max(1, len(own.cells) // MAX_COMPARED) == 0
    cells = own.cells.pick(some)
    asked = [("deep", evidence.deep, points.deep)]
    if points.quick is not None:
        asked.append(("quick", evidence.quick, points.quick))
    for name, folder, entry in asked:
        network = networks.of(folder)
        before = _by(network.logits(cells, "fp32"), entry)
        for form in ("cpu", "trt"):
            after = _by(network.logits(cells, form), entry)
            row = {"calls_changed": round(float((before[1] != after[1]).mean()), 4)}
            if 0 < cells.is_blast.sum() < len(cells):
                lost = metrics.auroc(cells.is_blast, before[0]) - metrics.auroc(
                    cells.is_blast, after[0]
                )
                row["auroc_lost"] = round(lost, 4)
            found[f"{name} {form}"] = row
    return found


def _by(logits: F32, entry: DecisionEntry) -> tuple[F64, I64]:
    """Return the probabilities of blast and the calls: 0 normal, 1 unclear, 2 blast."""
    p = probabilities(blast_margin(logits), entry.temperature)
    return p, (p > entry.normal_to).astype(np.int64) + (p >= entry.blast_from)
