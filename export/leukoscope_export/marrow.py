"""How much of a normal marrow a bundle calls blast, onto a new card of its files.

Called cells of every kind, weighted by what a normal marrow holds, on the side of more:
each kind has the upper end of its share's interval; metamyelocytes and myelocytes count
as promyelocytes; of a kind that was not measured all are called as of the worst.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from leukoscope_edge.arrays import BoolArray
from leukoscope_edge.config import read_toml
from leukoscope_edge.counting import binomial_interval
from leukoscope_edge.inference import (
    Bundle,
    MarrowEntry,
    classify,
    open_bundle,
    open_engine,
)
from leukoscope_edge.types import CallName
from leukoscope_export.bundle import with_card
from leukoscope_export.judged import KindNotes
from leukoscope_train.data import HELD_OUT, LabCells, join, load_cells
from leukoscope_train.errors import DataError
from leukoscope_train.teach import kept

MARROW = "marrow"
COMPOSITION = (
    "Theml, Diem and Haferlach, Color Atlas of Hematology, 2004, table 4; lymphocytes "
    "and most erythroblasts after Wintrobe's Clinical Hematology, 1999"
)
"""Of adults. The marrow of a child holds more lymphocytes, and precursors of them."""


@dataclass(frozen=True, slots=True)
class MarrowShare:
    """Percent of a normal marrow's nucleated cells: usual, and at most."""

    usual: float
    most: float


NORMAL_MARROW = {
    "blast": MarrowShare(1, 1),
    "immature granulocyte": MarrowShare(32, 48),
    "neutrophil": MarrowShare(22, 32),
    "eosinophil": MarrowShare(5, 7),
    "basophil": MarrowShare(1, 1),
    "monocyte": MarrowShare(2, 2),
    "lymphocyte": MarrowShare(17, 23),
    "erythroblast": MarrowShare(20, 40),
    "plasma cell": MarrowShare(1, 1),
}
"""Immature granulocytes: promyelocytes 3, myelocytes 14 (to 25), metamyelocytes 15 (to
20); neutrophils: bands 15 (to 25), segmented 7. Source: COMPOSITION."""
UPPER = 0.975
"""Share of healthy people below the highest composition."""
N_HALVINGS = 60
CONCENTRATIONS = (2.0, 1e5)
PERCENT = 100.0


def make_marrow_card(
    notes_path: Path, folder: Path, cells: list[Path], out: Path
) -> tuple[Path, dict[str, Any]]:
    """Write a bundle of the same files whose card knows a normal marrow.

    Args:
        notes_path: TOML with the keys of `KindNotes`; names, limits and summary count.
        folder: The bundle with the files.
        cells: Files of `gather`.
        out: Folder in which the new bundle's folder is made.

    Returns:
        The bundle's folder, and the figures of every kind.

    Raises:
        DataError: The cells hold none of a normal marrow's kinds.
        LeukoscopeError: The notes are wrong, or the device refuses the bundle.
    """
    notes, bundle = read_toml(notes_path, KindNotes), open_bundle(folder)
    entry, found = measured(bundle, join(load_cells(path) for path in cells))
    card = replace(
        bundle.card,
        id=notes.id,
        created=notes.created,
        summary=notes.summary,
        limits=notes.limits,
        marrow=entry,
    )
    return with_card(folder, card, out), found


def measured(bundle: Bundle, cells: LabCells) -> tuple[MarrowEntry, dict[str, Any]]:
    """Call cells as those of marrow; return the card's entry and the figures.

    Args:
        bundle: Whose files call.
        cells: Those of marrow count, and of kinds that are missing there those that
            another laboratory kept aside.

    Raises:
        DataError: There is none of a normal marrow's kinds.
    """
    cells = cells.pick(counted(cells))
    if not len(cells):
        raise DataError("no cells of a normal marrow's kinds; gather marrow first")
    crops = list(kept(cells, bundle.card.input.side_px))
    with open_engine(bundle, backend="cpu") as engine:
        calls = classify(engine, crops, bundle.card, in_marrow=True)
    names = np.array([call.name.value for call in calls], np.str_)
    usable = names != CallName.UNCLEAR.value
    rates = {
        kind: _rate(names[usable & (cells.kinds == kind)])
        for kind in NORMAL_MARROW
        if (usable & (cells.kinds == kind)).any()
    }
    if not rates:
        raise DataError("every cell is unclear to it: it says nothing of marrow")
    usual, most = weighted({kind: row["high"] for kind, row in rates.items()})
    alpha, beta = spread_between(usual, most)
    told = bundle.card.laboratories
    entry = MarrowEntry(
        alpha=round(alpha, 4),
        beta=round(beta, 4),
        n_cells=int(usable.sum()),
        is_in_sample=told is not None and MARROW in told.taught,
        composition=COMPOSITION,
    )
    found = {"kinds": rates, "usual": round(usual, 4), "most": round(most, 4)}
    return entry, found | {"unclear": round(float((~usable).mean()), 4)}


def counted(cells: LabCells) -> BoolArray:
    """Return (N,) which cells stand for a normal marrow's."""
    of_marrow = cells.laboratories == MARROW
    absent = ~np.isin(cells.kinds, np.unique(cells.kinds[of_marrow]))
    aside = absent & (cells.splits == HELD_OUT)
    return np.asarray(
        (of_marrow | aside) & np.isin(cells.kinds, list(NORMAL_MARROW)), np.bool_
    )


def _rate(names: Any) -> dict[str, Any]:
    k, n = int((names == CallName.BLAST.value).sum()), len(names)
    ends = binomial_interval(k, n)
    low, high = round(ends.low, 4), round(ends.high, 4)
    return {"n": n, "called_blast": round(k / n, 4), "low": low, "high": high}


def weighted(rates: Mapping[str, float]) -> tuple[float, float]:
    """Return the share called blast of the usual normal marrow and of the worst.

    Args:
        rates: Share called blast by kind; a kind that is missing has the highest.
    """
    worst = max(rates.values())
    every = {kind: rates.get(kind, worst) for kind in NORMAL_MARROW}
    whole = sum(share.usual for share in NORMAL_MARROW.values())
    usual = sum(NORMAL_MARROW[kind].usual * rate for kind, rate in every.items())
    left, most = PERCENT, 0.0
    for kind in sorted(every, key=lambda k: every[k], reverse=True):
        taken = min(left, NORMAL_MARROW[kind].most)
        most, left = most + taken * every[kind], left - taken
    return usual / whole, max(most / PERCENT, usual / whole)


def spread_between(mean: float, high: float) -> tuple[float, float]:
    """Return alpha and beta of a mean, with 97.5 % of people at most at `high`."""
    from scipy.stats import beta as beta_distribution

    low, top = CONCENTRATIONS
    for _ in range(N_HALVINGS):
        middle = float(np.sqrt(low * top))
        at = beta_distribution.ppf(UPPER, mean * middle, (1 - mean) * middle)
        low, top = (middle, top) if at > high else (low, middle)
    return mean * top, (1 - mean) * top
