"""A bundle of kinds: a pair of taught networks, calibrated on laboratories left out.

Every laboratory that judges is judged by int8 files that never saw it: of a fit of the
same recipe without it, or of the shipped networks where it never taught. Operating
points, spreads, the limit of the outlier test and the card's figures are from these.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from leukoscope_edge.arrays import F64, BoolArray
from leukoscope_edge.config import read_toml
from leukoscope_edge.inference import (
    BaselineEntry,
    ConformalEntry,
    DataEntry,
    KindsEntry,
    LaboratoriesEntry,
    LeftOutEntry,
    OutlierEntry,
    SpreadEntry,
)
from leukoscope_export.bundle import Quick, Release, Trained, write_bundle
from leukoscope_export.graphs import Files, pooled_features, pooled_name, with_distance
from leukoscope_export.judged import (
    Judged,
    KindNotes,
    Network,
    Networks,
    join_judged,
    judged_by,
)
from leukoscope_export.kinds import with_two_logits
from leukoscope_export.left_out import PRECURSOR, as_shipped, figures, metrics_of
from leukoscope_export.points import PairPoints, fit_points, kinds_temperature, softened
from leukoscope_train.data import LabCells
from leukoscope_train.evaluation import (
    N_PROTOTYPES,
    CallCalibration,
    distances,
    fit_conformal,
    fit_spread,
    interval_of,
    is_mature,
    metrics,
    whitening,
)
from leukoscope_train.teach import kept

N_KNOWN = 4096
"""Training cells, drawn as they teach, that the outlier test is fitted to."""
UNLIKE = 0.05
"""Share of left-out mature cells that the outlier test may turn away."""
FEWEST_GROUPS = 2
"""People or laboratories of a class, of which one is left out to see who is covered."""
MIN_CELLS = 10
"""Called cells of a person or a laboratory, to count in a spread."""


def with_kinds(network: Network, judged: LabCells) -> tuple[Files, OutlierEntry]:
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
    arrays = {"mean": mean, "axes": axes, "prototypes": prototypes}

    def whole(model: bytes) -> bytes:
        return with_distance(with_two_logits(model), pooled, arrays)

    made = Files(
        fp32=whole(files.fp32),
        cpu=whole(files.cpu),
        trt=whole(files.trt),
        scales=files.scales,
    )
    return made, outliers_of(away)


def outliers_of(away: F64) -> OutlierEntry:
    """Return the outlier test that lets all but a few pass.

    Args:
        away: (N,) distances of mature cells of laboratories that never taught.
    """
    limit = float(np.quantile(away, 1 - UNLIKE))
    return OutlierEntry(distance_limit=round(limit, 4), turned_away=UNLIKE)


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
    points = softened(fit_points(judged.deep, judged.quick, judged.truth))
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
        calibration=CallCalibration(
            decision=points.deep,
            false_calls=spread_of(judged, points, mature),
            true_calls=spread_of(judged, points, cells.is_blast == 1),
        ),
        data=_data(notes, deep),
        metrics=metrics_of(judged, points, mature),
        size_only=size_only_of(judged, mature),
        conformal=conformal_of(judged, points, mature),
        kinds=kinds_of_card(judged, deep.kinds),
        laboratories=laboratories_of(judged, points, tuple(deep.about["laboratories"])),
        preference=notes.preference,
    )
    write_bundle(out / notes.id, _trained(deep, strangers), release, quick)
    found = figures(networks, notes, judged, points)
    for name in _strange(networks, notes):
        own = cells.pick(cells.laboratories == name)
        found[name]["as_shipped"] = as_shipped(out / notes.id, own)
    return out / notes.id, found


def _strange(networks: Networks, notes: KindNotes) -> list[str]:
    """Return the laboratories that the shipped networks never saw."""
    seen = networks.of(notes.deep).about["laboratories"]
    return [e.laboratory for e in notes.evidence if e.laboratory not in seen]


def _trained(network: Network, strangers: LabCells) -> Trained:
    files, far = with_kinds(network, strangers)
    return Trained(
        files=files,
        architecture=network.about["plan"]["architecture"],
        n_parameters=network.n_parameters,
        outliers=far,
    )


def spread_of(judged: Judged, points: PairPoints, chosen: BoolArray) -> SpreadEntry:
    """Fit how the share called blast differs between laboratories and people.

    Args:
        judged: The cells.
        points: Of the networks.
        chosen: (N,) which of them count, where they decide.
    """
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


def conformal_of(
    judged: Judged, points: PairPoints, mature: BoolArray
) -> ConformalEntry | None:
    """Fit which classes cannot be ruled out, from laboratories and people left out.

    Blasts of each person and mature cells of each laboratory count alike.

    Args:
        judged: The cells.
        points: Of the networks.
        mature: (N,) whether a cell is of a kind that healthy blood shows.

    Returns:
        The entry; None where a class has fewer than two groups of its own.
    """
    counted = judged.decides & (mature | (judged.cells.is_blast == 1))
    groups, labels = judged.groups[counted], judged.cells.is_blast[counted]
    of_blasts, of_others = (set(groups[labels == v].tolist()) for v in (1, 0))
    if min(len(of_blasts), len(of_others)) < FEWEST_GROUPS or of_blasts & of_others:
        return None
    return fit_conformal(points.p[counted], labels, groups)


def _data(notes: KindNotes, deep: Network) -> DataEntry:
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


def size_only_of(judged: Judged, mature: BoolArray) -> BaselineEntry:
    """Call the larger cells blasts, at the size that parts the classes best.

    Args:
        judged: The cells.
        mature: (N,) whether a cell is of a kind that healthy blood shows.
    """
    counted = judged.decides & (mature | (judged.cells.is_blast == 1))
    labels, area = judged.cells.is_blast[counted], judged.cells.areas_um2[counted]
    best = max(
        metrics.weighted_f1(labels, area >= limit)
        for limit in np.quantile(area, np.linspace(0.05, 0.95, 37))
    )
    return BaselineEntry(
        weighted_f1=round(best, 4), auroc=round(metrics.auroc(labels, area), 4)
    )


def kinds_of_card(judged: Judged, names: tuple[str, ...]) -> KindsEntry:
    """Return the card's entry of kinds, with the temperature of those but blast.

    Args:
        judged: The cells.
        names: The kinds that the file answers, in order.
    """
    named = np.isin(judged.cells.kinds, names[1:]) & judged.decides
    targets = judged.cells.pick(named).targets
    return KindsEntry(
        names=names,
        blast="blast",
        precursor=PRECURSOR if PRECURSOR in names else "",
        temperature=kinds_temperature(judged.kinds[named], targets),
    )


def laboratories_of(
    judged: Judged, points: PairPoints, taught: tuple[str, ...]
) -> LaboratoriesEntry:
    """Return who taught, who judged, and the AUROC within those that have both.

    Args:
        judged: The cells.
        points: Of the networks.
        taught: The laboratories that taught.
    """
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
    names = np.unique(judged.cells.laboratories).tolist()
    return LaboratoriesEntry(
        taught=taught,
        judged=tuple(n for n in names if n not in taught),
        left_out=tuple(entries),
    )
