"""A new card for a bundle's own files: points, spreads and limits measured anew.

What follows from how the files are used (over how many turned views a cell's answers
are averaged), and on cells gathered since, is measured through the device's own engine
by the rules of a release (`laboratories.py`): no network is needed. What int8 changes
needs the float file and is not measured.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from leukoscope_edge.arrays import F32, F64, U8
from leukoscope_edge.config import read_toml
from leukoscope_edge.inference import (
    Bundle,
    Card,
    DecisionEntry,
    KindsEntry,
    LaboratoriesEntry,
    QuickEntry,
    answers_to,
    open_bundle,
    open_engine,
)
from leukoscope_export.bundle import with_card
from leukoscope_export.judged import UNTAUGHT, Judged, KindNotes
from leukoscope_export.laboratories import (
    conformal_of,
    kinds_of_card,
    laboratories_of,
    outliers_of,
    size_only_of,
    spread_of,
)
from leukoscope_export.left_out import as_shipped, figures, metrics_of
from leukoscope_export.points import PairPoints, fit_points, points_kept, softened
from leukoscope_train.data import KINDS, join, load_cells, of_laboratories
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import is_mature
from leukoscope_train.teach import kept

Kept = Literal["points", "limits"]
"""What of an old card may stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Left-out cells and what the bundle's files answer.

    Attributes:
        judged: The cells.
        deep: (N, A) float32 answers of the deep network; see `Engine.run`.
        quick: The same of the quick network; None where there is none.
    """

    judged: Judged
    deep: F32
    quick: F32 | None


def make_recalibrated_card(
    notes_path: Path,
    folder: Path,
    n_views: Literal[1, 4],
    out: Path,
    *,
    keeps: Collection[Kept] = (),
) -> tuple[Path, dict[str, Any]]:
    """Write a bundle of the same files with a card that was measured anew.

    What a normal marrow shows is off the new card; `marrow` measures it after.

    Args:
        notes_path: TOML with the keys of `KindNotes`; its networks are not read.
        folder: The bundle with the files.
        n_views: Turned views over which a cell's answers are averaged.
        out: Folder in which the new bundle's folder is made.
        keeps: What stays as the old card has it: temperatures and points, or the
            limits of the outlier test.

    Returns:
        The bundle's folder, and the figures of every laboratory left out; `files_of`
        names the bundle whose files they are.

    Raises:
        DataError: The bundle tells no kinds, or a laboratory that is to judge taught.
        LeukoscopeError: The notes are wrong, or the device refuses the bundle.
    """
    notes, bundle = read_toml(notes_path, KindNotes), open_bundle(folder)
    bundle = with_views(bundle, n_views)
    kinds, told = _known(bundle.card)
    answered = answers_of(bundle, kinds, told, notes)
    judged = answered.judged
    points = _points(bundle.card, judged, keeps)
    measured = _measured(bundle.card, answered, points)
    card = replace(
        measured if "limits" in keeps else _with_limits(measured, answered),
        id=notes.id,
        created=notes.created,
        summary=notes.summary,
        limits=notes.limits,
        preference=notes.preference,
        kinds=replace(
            kinds, temperature=kinds_of_card(judged, kinds.names).temperature
        ),
        laboratories=laboratories_of(judged, points, told.taught),
        marrow=None,
    )
    made = with_card(folder, card, out)
    found = figures(None, notes, judged, points)
    for evidence in notes.evidence:
        name = evidence.laboratory
        own = judged.cells.pick(judged.cells.laboratories == name)
        found[name]["as_shipped"] = as_shipped(made, own)
    return made, found | {"files_of": bundle.card.id}


def with_views(bundle: Bundle, n_views: Literal[1, 4]) -> Bundle:
    """Return a bundle, and its quick network, with another number of views."""
    return replace(
        bundle,
        card=replace(bundle.card, views=n_views),
        quick=bundle.quick and with_views(bundle.quick, n_views),
    )


def _points(card: Card, judged: Judged, keeps: Collection[Kept]) -> PairPoints:
    if "points" not in keeps:
        return softened(fit_points(judged.deep, judged.quick, judged.truth))
    asked_first = card.quick.decision if card.quick else None
    return points_kept(card.decision, asked_first, judged.deep, judged.quick)


def _known(card: Card) -> tuple[KindsEntry, LaboratoriesEntry]:
    if card.kinds is None or card.laboratories is None:
        raise DataError(f"{card.id}: tells no kinds, or not who taught it")
    return card.kinds, card.laboratories


def answers_of(
    bundle: Bundle, kinds: KindsEntry, told: LaboratoriesEntry, notes: KindNotes
) -> Answered:
    """Judge every laboratory of a release by a bundle's files.

    Args:
        bundle: A verified bundle.
        kinds: Its card's.
        told: Its card's.
        notes: Of the release.

    Raises:
        DataError: A laboratory taught the bundle.
    """
    parts = []
    for evidence in notes.evidence:
        if evidence.laboratory in told.taught:
            raise DataError(
                f"{bundle.card.id}: was taught by {evidence.laboratory}, which is to "
                "judge it"
            )
        every = join(load_cells(Path(path)) for path in evidence.cells)
        parts.append(of_laboratories(every, [evidence.laboratory]))
    cells = join(parts)
    decide = [e.laboratory for e in notes.evidence if e.decides]
    crops = list(kept(cells, bundle.card.input.side_px))
    deep = _answers(replace(bundle, quick=None), crops)
    quick = None if bundle.quick is None else _answers(bundle.quick, crops)
    places = [KINDS.index(name) for name in kinds.names]
    of_kinds = np.full((len(cells), len(KINDS)), UNTAUGHT, np.float32)
    of_kinds[:, places] = deep[:, 2 : 2 + len(places)]
    judged = Judged(
        cells=cells,
        kinds=of_kinds,
        deep=_margins(deep),
        quick=None if quick is None else _margins(quick),
        decides=np.isin(cells.laboratories, decide),
    )
    return Answered(judged=judged, deep=deep, quick=quick)


def _answers(network: Bundle, crops: list[U8]) -> F32:
    """Return (N, A) float32 answers of one network to N crops."""
    with open_engine(network, backend="cpu") as engine:
        return answers_to(engine, crops)


def _margins(answers: F32) -> F64:
    return np.asarray(answers[:, 1].astype(np.float64) - answers[:, 0], np.float64)


def _measured(card: Card, answered: Answered, points: PairPoints) -> Card:
    """Return the card with all that is measured through the files' answers."""
    judged = answered.judged
    mature = is_mature(judged.cells)
    return replace(
        card,
        decision=points.deep,
        quick=_with_points(card.quick, points.quick),
        false_calls=spread_of(judged, points, mature),
        true_calls=spread_of(judged, points, judged.cells.is_blast == 1),
        metrics=metrics_of(judged, points, mature),
        size_only=size_only_of(judged, mature),
        conformal=conformal_of(judged, points, mature),
    )


def _with_points(
    quick: QuickEntry | None, decision: DecisionEntry | None
) -> QuickEntry | None:
    return replace(quick, decision=decision) if quick and decision else None


def _with_limits(card: Card, answered: Answered) -> Card:
    """Return the card with the outlier test's limits as the mature cells have them."""
    mature = is_mature(answered.judged.cells)
    quick = card.quick
    if quick is not None and answered.quick is not None and quick.outliers:
        quick = replace(quick, outliers=outliers_of(answered.quick[mature, -1]))
    deep = card.outliers and outliers_of(answered.deep[mature, -1])
    return replace(card, outliers=deep, quick=quick)
