"""What is kept of one cell, and how what people said on it becomes its word."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from leukoscope_edge.arrays import U8
from leukoscope_edge.types import CallName, Reading

OF_PEOPLE = (
    "word",
    "judged_by",
    "words",
    "is_disputed",
    "kind_words",
    "sealed_notes",
    "added_by",
)
"""Of a cell's record: what people add, which the event that keeps the cell has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPicture:
    """A frame that was kept because it shows a cell where it lay.

    Attributes:
        file: File of the picture.
        frame: Name of the frame.
        box_px: `(x0, y0, x1, y1)` of the cell in the picture.
        found_by: What found the cell there: "thresholds", or the name of a network.
    """

    file: str
    frame: str
    box_px: tuple[int, int, int, int]
    found_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRecord:
    """One cell of a slide, as it is kept.

    Attributes:
        id: `12`; `r2.12` in the second run of a resumed slide; `m1` for a cell that
            a person added.
        frame: Name of the frame of its sharpest sighting.
        frame_sha256: Hash of that frame's pixels, empty where nobody gave one.
        box_px: `(x0, y0, x1, y1)` in that frame.
        slide_px: (x, y) in slide coordinates.
        n_sightings: In how many frames it was seen.
        call: The model's word, None for a cell that a person added.
        p_blast: The model's calibrated probability, None likewise.
        crops: File of the crops that the model judged, side by side; empty if none.
        n_crops: How many stand side by side in it.
        view: File of the picture for people.
        is_counted: False for a cell cut off by the edge of a separate field.
        word: A person's word, None where nobody judged it.
        judged_by: Who said so.
        field: The frame that was kept of it, None where none was.
        words: Each reader's own last word, in the order in which they first spoke.
        is_disputed: Two readers differ, and no supervisor has settled it.
        is_unlike: The model found it unlike all that it learned from.
        is_off_scale: It was seen at another scale than the slide's.
        kind: The likeliest kind to the model, blast apart; "" where it tells none.
        kind_words: Each reader's own last word on its kind, "" where she named none.
        sealed_notes: Notes of people on it, encrypted, with who wrote each.
        added_by: Who added it, to be judged like a suspect; "" where the machine found
            it, and in older records, where adding it was a word on it.
    """

    id: str
    frame: str
    frame_sha256: str
    box_px: tuple[int, int, int, int]
    slide_px: tuple[float, float]
    n_sightings: int
    call: CallName | None
    p_blast: float | None
    crops: str
    n_crops: int
    view: str
    is_counted: bool = True
    word: Reading | None = None
    judged_by: str = ""
    field: FieldPicture | None = None
    words: tuple[tuple[str, Reading], ...] = ()
    is_disputed: bool = False
    is_unlike: bool = False
    is_off_scale: bool = False
    kind: str = ""
    kind_words: tuple[tuple[str, str], ...] = ()
    sealed_notes: tuple[tuple[str, str], ...] = ()
    added_by: str = ""

    @property
    def named_kind(self) -> str:
        """The kind that people gave it, "" where none did or two differ."""
        kinds = {kind for _, kind in self.kind_words if kind}
        return kinds.pop() if len(kinds) == 1 else ""

    @property
    def is_kind_disputed(self) -> bool:
        """Whether readers gave it different kinds."""
        return len({kind for _, kind in self.kind_words if kind}) > 1

    @property
    def final_kind(self) -> str:
        """What counts: blast, a person's kind, or else the model's; "" where none does.

        A blast is a blast by its word alone, so that no kind takes one away.
        """
        if self.final is not Reading.NORMAL:
            return Reading.BLAST.value if self.final is Reading.BLAST else ""
        return "" if self.is_kind_disputed else self.named_kind or self.kind

    @property
    def pictures(self) -> tuple[str, ...]:
        """The files of all its pictures."""
        return tuple(
            n for n in (self.crops, self.view, self.field and self.field.file) if n
        )

    @property
    def final(self) -> Reading:
        """What counts: the person's word, or else the model's."""
        if self.word is not None:
            return self.word
        return Reading(self.call.value) if self.call else Reading.UNCLEAR

    @property
    def is_suspect(self) -> bool:
        """Whether a person must look: blast or unclear to the model, or added."""
        return self.call in (CallName.BLAST, CallName.UNCLEAR) or bool(self.added_by)


def cell_id(run: int, number: int) -> str:
    """Return the id in the records of a cell that a run of a slide gave a number."""
    return str(number) if run == 1 else f"r{run}.{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedCell:
    """A cell that a person saw and the machine did not.

    Attributes:
        frame: Name of the frame.
        frame_sha256: Hash of its pixels.
        box_px: `(x0, y0, x1, y1)` in it.
        slide_px: (x, y) in slide coordinates.
        view: (side, side, 3) uint8 RGB, a picture for people.
    """

    frame: str
    frame_sha256: str
    box_px: tuple[int, int, int, int]
    slide_px: tuple[float, float]
    view: U8


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStep:
    """A person's step in the review that can be taken back.

    `word`: None where somebody added a cell and has not judged it yet. `settles`: a
    supervisor's word on a cell that two people had read. `kind`: of a normal cell, ""
    where it was not named.
    """

    seq: int
    cell: str
    word: Reading | None
    by: str
    adds: CellRecord | None = None
    settles: bool = False
    kind: str = ""


def words_on(cells: Iterable[CellRecord], cell: str) -> dict[str, Reading]:
    """Return each reader's last word on a cell, none where it is not among them."""
    return next((dict(c.words) for c in cells if c.id == cell), {})


def with_words(cell: CellRecord, steps: list[ReviewStep], n_readers: int) -> CellRecord:
    """Return a cell with what people said on it, in the order of their steps.

    One reader's last word counts, whoever it is. Of two, both words count where they
    are the same; where they differ the cell is unclear until a supervisor settles it.
    """
    steps = [s for s in steps if s.word is not None]
    if not steps:
        return cell
    read = [(s.by, s.word) for s in steps if s.word is not None and not s.settles]
    words = tuple(dict(read).items())
    kind_words = _kind_words(steps)
    said = {word for _, word in words}
    last = steps[-1]
    settling = [s for s in steps if s.settles]
    if n_readers > 1 and settling:
        last = settling[-1]
    elif n_readers > 1 and words:
        return replace(
            cell,
            word=words[0][1] if len(said) == 1 else Reading.UNCLEAR,
            judged_by=", ".join(by for by, _ in words),
            words=words,
            kind_words=kind_words,
            is_disputed=len(said) > 1,
        )
    return replace(
        cell, word=last.word, judged_by=last.by, words=words, kind_words=kind_words
    )


def _kind_words(steps: list[ReviewStep]) -> tuple[tuple[str, str], ...]:
    """Return who gave a cell which kind last; who settles it, alone."""
    settling = [s for s in steps if s.settles]
    said = settling[-1:] or steps
    return tuple({s.by: s.kind for s in said}.items())
