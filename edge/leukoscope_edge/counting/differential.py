"""The differential: the shares of the kinds among the counted cells, each with limits.

Pure. Blood: shares of the leukocytes, erythroblasts beside them per 100 leukocytes, as
smudge cells. Marrow: shares of all nucleated cells, erythroblasts among them (ICSH 2008
counts them so). Unclear cells are left out of every share, as they are of the verdict.

Source: exact limits of Clopper and Pearson 1934, which Ruemke tabulated for the
differential (Rümke 1985); two readers of 200 cells after CLSI H20-A2.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from leukoscope_edge.counting.statistics import binomial_interval
from leukoscope_edge.outcome import Interval

BLAST, ERYTHROBLAST = "blast", "erythroblast"
LEUKOCYTES = (
    BLAST,
    "neutrophil",
    "immature granulocyte",
    "eosinophil",
    "basophil",
    "lymphocyte",
    "monocyte",
)
"""In the order of a report."""
NAMED = (*LEUKOCYTES[1:], ERYTHROBLAST)
"""What a person may name a normal cell."""
UNTOLD = ""
"""Normal, and nobody has told the kind."""
MIN_FLAGGED = 100
"""Cells below which no flag is raised: a routine differential has as many."""


@dataclass(frozen=True, slots=True)
class Share:
    """One kind among the counted cells.

    Attributes:
        kind: Which; "" for normal cells of which nobody has told the kind.
        n: Cells of it.
        of: Cells that the share is of.
        interval: 95 % limits of the share.
    """

    kind: str
    n: int
    of: int
    interval: Interval

    @property
    def percent(self) -> float:
        """The share in percent."""
        return 100 * self.n / self.of


@dataclass(frozen=True, slots=True)
class Beside:
    """Cells that are counted beside the leukocytes, such as burst ones.

    Attributes:
        kind: Which.
        n: How many.
        leukocytes: Beside so many.
    """

    kind: str
    n: int
    leukocytes: int

    @property
    def per_100(self) -> float:
        """So many for every 100 leukocytes."""
        return 100 * self.n / self.leukocytes


@dataclass(frozen=True, slots=True)
class Differential:
    """The shares of the kinds.

    Attributes:
        shares: Of all kinds in the order of a report, those without a cell included.
        beside: Erythroblasts of blood, and smudge cells.
        n_cells: Cells that the shares are of.
    """

    shares: tuple[Share, ...]
    beside: tuple[Beside, ...]
    n_cells: int

    @property
    def is_told(self) -> bool:
        """Whether the kind of any normal cell is told."""
        return any(s.n for s in self.shares if s.kind not in (BLAST, UNTOLD))

    def share(self, kind: str) -> Share | None:
        """Return the share of a kind."""
        return next((s for s in self.shares if s.kind == kind), None)


def count_kinds(
    kinds: Sequence[str], *, n_smudges: int, is_marrow: bool
) -> Differential | None:
    """Count kinds.

    Args:
        kinds: Of each usable cell; "" where nobody has told it.
        n_smudges: Burst cells.
        is_marrow: Erythroblasts belong to the cells that shares are of.

    Returns:
        The shares, None where there is no cell to take shares of.
    """
    counts = Counter(kinds)
    listed = (*LEUKOCYTES, ERYTHROBLAST) if is_marrow else LEUKOCYTES
    listed = (*listed, UNTOLD) if counts[UNTOLD] else listed
    n = sum(counts[kind] for kind in listed)
    if n == 0:
        return None
    shares = (Share(k, counts[k], n, binomial_interval(counts[k], n)) for k in listed)
    red = () if is_marrow else (Beside(ERYTHROBLAST, counts[ERYTHROBLAST], n),)
    n_white = n - counts[ERYTHROBLAST] if is_marrow else n
    smudges = (Beside("smudge", n_smudges, n_white),) if n_white else ()
    return Differential(shares=tuple(shares), beside=(*red, *smudges), n_cells=n)


@dataclass(frozen=True, slots=True)
class Compared:
    """One kind as two readers counted it, each on cells of their own.

    Attributes:
        first: Share of the first reader.
        second: Share of the second.
        is_alike: Each share lies within the exact 95 % limits of the other.
    """

    first: Share
    second: Share

    @property
    def is_alike(self) -> bool:
        """Whether chance alone may make the two differ, by Ruemke's limits."""
        return _lies_in(self.first, self.second.interval) and _lies_in(
            self.second, self.first.interval
        )


def compared(
    first: Sequence[str], second: Sequence[str], *, is_marrow: bool
) -> tuple[Compared, ...]:
    """Lay the differentials of two readers side by side.

    Args:
        first: Kinds of the cells that the first reader read.
        second: Kinds of the cells that the second reader read.
        is_marrow: As of a differential.

    Returns:
        One row a kind that either saw; none where one of them saw no cell.
    """
    a = count_kinds(first, n_smudges=0, is_marrow=is_marrow)
    b = count_kinds(second, n_smudges=0, is_marrow=is_marrow)
    if a is None or b is None:
        return ()
    listed = dict.fromkeys(s.kind for s in (*a.shares, *b.shares))
    pairs = ((_share_of(a, k), _share_of(b, k)) for k in listed)
    return tuple(Compared(x, y) for x, y in pairs if x.n or y.n)


def _share_of(found: Differential, kind: str) -> Share:
    n = found.n_cells
    return found.share(kind) or Share(kind, 0, n, binomial_interval(0, n))


def _lies_in(share: Share, interval: Interval) -> bool:
    return interval.low <= share.n / share.of <= interval.high
