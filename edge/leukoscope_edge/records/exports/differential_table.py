"""The differential of a version of a slide as a table, for every export.

People name every kind of it. The model's kinds are of help where cells are reviewed;
in a laboratory that never taught it every second may be wrong (docs/validation.md,
"Kinds"), and exact limits of wrong kinds would be taken for a differential.

A refusal has no differential, as it has no number: "0 % blasts" beside "no result"
would be read as a negative. Nor has what the machine alone says where, by people's
words since, another number of cells are blasts: two figures would stand for one, and
their "0 % blasts" is a negative that nobody signed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from leukoscope_edge.counting import BLAST, Differential, Share, flags
from leukoscope_edge.messages import Message, Say, message
from leukoscope_edge.records.exports.cell_words import KINDS
from leukoscope_edge.records.exports.slide_version import SlideVersion
from leukoscope_edge.records.slides.kinds import (
    differential_of,
    is_marrow,
    is_named,
    usable,
)

HEADS = ("Kind", "Cells", "Per cent", "95 % limits", "Usual", "10⁹ per litre")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; what a column does not have is "".

    Attributes:
        kind: Which.
        label: What it is called, in English.
        n: Cells of it.
        share: In per cent; of cells beside the leukocytes for every 100 of them.
        limits: 95 % limits of the share in per cent.
        usual: What is usual at this age, in per cent.
        absolute: Cells of a litre of blood, in thousand millions.
        mark: "+" above, "-" below what is usual.
    """

    kind: str
    label: str
    n: int
    share: str
    limits: str = ""
    usual: str = ""
    absolute: str = ""
    mark: str = ""

    def cells(self, say: Say = str) -> tuple[str, ...]:
        """Return the columns as a reader reads them."""
        share = f"{self.share} {self.mark}".strip()
        return (
            say(self.label),
            str(self.n),
            share,
            self.limits,
            self.usual,
            self.absolute,
        )

    def said(self, say: Say = str) -> str:
        """Return the whole line but its label."""
        unit = " %" if self.limits else ""
        text = f"{self.n}; {self.share}{unit} {self.mark}".strip()
        text += f" ({self.limits} %)" if self.limits else ""
        text += f"; {say('usual')} {self.usual} %" if self.usual else ""
        return text + (f"; {self.absolute} × 10⁹/l" if self.absolute else "")


def shown_differential(version: SlideVersion) -> Differential | None:
    """Return the differential where there is a result, and people named every kind."""
    if not _has_result(version):
        return None
    found = differential_of(version.record)
    if found is None or not found.is_told or _n_unnamed(version):
        return None
    n_blast = sum(share.n for share in found.shares if share.kind == BLAST)
    is_of_outcome = version.signature or n_blast == version.outcome.n_blast
    return found if is_of_outcome else None


def _has_result(version: SlideVersion) -> bool:
    return version.record.void is None and version.outcome.blast_fraction_95 is not None


def _n_unnamed(version: SlideVersion) -> int:
    return sum(not is_named(c) for c in usable(version.record))


def table(version: SlideVersion) -> tuple[Row, ...]:
    """Return the rows of the table, none where there is no differential to show."""
    found = shown_differential(version)
    if found is None:
        return ()
    rows = [_row(share, version) for share in found.shares]
    beside = [
        Row(b.kind, KINDS[b.kind], b.n, f"{b.per_100:.1f} / 100") for b in found.beside
    ]
    return (*rows, *beside)


def said_flags(version: SlideVersion) -> tuple[Message, ...]:
    """Return what is more than usual, or what people have still to name."""
    found = shown_differential(version)
    if found is None:
        return tuple(_still_to_name(version))
    more = () if is_marrow(version.record) else flags(found, version.ranges)
    return (*more, message("kinds-by-people"), *_trouble(version))


def _still_to_name(version: SlideVersion) -> Iterator[Message]:
    """Say how many kinds are not named, once somebody began to name them."""
    left, cells = _n_unnamed(version), usable(version.record)
    if left and _has_result(version) and any(c.named_kind for c in cells):
        yield message("kinds-to-name", k=len(cells) - left, n=len(cells))


def _trouble(version: SlideVersion) -> Iterator[Message]:
    if version.ranges_trouble:
        yield message("ranges-unreadable", why=version.ranges_trouble)


def _row(share: Share, version: SlideVersion) -> Row:
    low, high = 100 * share.interval.low, 100 * share.interval.high
    wbc = version.record.facts.wbc_10e9_per_l
    has_absolute = wbc is not None and not is_marrow(version.record)
    absolute = f"{(wbc or 0) * share.n / share.of:.2f}" if has_absolute else ""
    usual = _usual(share.kind, version)
    return Row(
        kind=share.kind,
        label=KINDS[share.kind],
        n=share.n,
        share=f"{share.percent:.1f}",
        limits=f"{low:.1f}–{high:.1f}",
        usual=f"{usual[0]:g}–{usual[1]:g}" if usual else "",
        absolute=absolute,
        mark=_mark(share.percent, usual),
    )


def _usual(kind: str, version: SlideVersion) -> tuple[float, ...] | None:
    if version.ranges is None or is_marrow(version.record):
        return None
    return version.ranges.usual(kind)


def _mark(percent: float, usual: tuple[float, ...] | None) -> str:
    if usual is None:
        return ""
    return "+" if percent > usual[1] else "-" if percent < usual[0] else ""
