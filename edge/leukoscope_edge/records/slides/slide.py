"""What is kept of a slide: plain values, and how cells and outcomes become JSON."""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal

from leukoscope_edge.arrays import U8
from leukoscope_edge.counting import NOTHING_GATHERED, Gathered, SiteBackground
from leukoscope_edge.messages import Message, Say, said_all
from leukoscope_edge.outcome import Doubt, Refusal, Verdict
from leukoscope_edge.records.changes import Correction, Reason, Told
from leukoscope_edge.records.slides.cell_record import (
    CellRecord,
    ReviewStep,
    with_words,
)
from leukoscope_edge.records.slides.slide_state import SlideState
from leukoscope_edge.sample import SlideFacts
from leukoscope_edge.types import (
    NOTHING_COUNTED,
    RESEARCH,
    THRESHOLDS,
    Call,
    CallName,
    Domain,
    Reading,
    Tally,
    hardware_of,
)

Mode = Literal["slide", "fields", "passive"]
"""A run under a moving stage, a set of separate fields, or, in older records, a passive
watch, which `SlideFacts` now says."""

MIN_OTHERS_REVIEWED = 10
"""Cells that the model does not suspect, which a person judges before signing: finds
blasts that the model misses."""


class Kind(str, Enum):
    """What can happen."""

    START = "start"
    RESUME = "resume"
    ENGINE = "engine"
    SEGMENTER = "segmenter"
    CELLS = "cells"
    JUDGE = "judge"
    MISSED = "missed"
    REMARK = "remark"
    UNDO = "undo"
    FINISH = "finish"
    SIGN = "sign"
    AMEND = "amend"
    VOID = "void"
    TELL = "tell"
    CORRECT = "correct"
    CONSENT = "consent"
    EXPORT = "export"
    ERASE = "erase"
    DROP_PICTURES = "drop-pictures"
    NOTE = "note"  # of the device, not of a slide


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose blood it is. Stored encrypted, and erasable.

    Attributes:
        sample: The sample's label, as on the tube or the slide.
        name: The person's name, empty where nobody asked.
        number: The person's number in this hospital, likewise.
    """

    sample: str
    name: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What made a result, so that it can be made again.

    Attributes:
        bundle: The model bundle's id.
        bundle_sha256: Hash of its model file.
        engine: The runtime and its version.
        fallback: Why it serves in the place of a faster one; "" where it does not.
        software: This program and its version.
        calibration: Id or hash of the calibration; `none` where there was none.
        camera: Id of the camera, or the source's name.
        scale_um_per_px: Calibrated micrometres per pixel, None where not known.
        view_um: Side of a cell's picture in micrometres, where a scale was given.
        limits: The bundle's limits of use, one sentence each.
        segmenter: How cells are found: "thresholds", or the name of a network.
        card_digest: Of the bundle's card, which says what its numbers mean; "" in
            records of older programs.
        validation: As the bundle's card says: "research" or "clinical"; in records from
            before it was kept no model was validated for care.
    """

    bundle: str
    bundle_sha256: str
    engine: str
    software: str
    calibration: str
    camera: str
    scale_um_per_px: float | None
    view_um: float
    limits: tuple[str, ...] = ()
    segmenter: str = THRESHOLDS
    fallback: str = ""
    card_digest: str = ""
    validation: str = RESEARCH

    @property
    def is_research(self) -> bool:
        """Whether its model was never validated for care."""
        return self.validation == RESEARCH

    @property
    def hardware(self) -> str:
        """What its engine ran on, in words of people."""
        return hardware_of(self.engine)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideSetUp:
    """What is known before the first frame.

    Attributes:
        identity: Whose blood it is.
        facts: What the rules of the verdict ask.
        mode: How the slide is read.
        domain: Whether it shows real blood or a simulation.
        origin: What judges it.
        site: This site's own normal slides; None: the bundle's background counts.
        details: Further plain facts (age band, reason, stain, objective). No names.
        consents_to_training: Its cells may leave, de-identified, to train a model.
        n_readers: How many people read the cells, each without the other's words.
        n_differential: Cells that the differential asks for; 0: as many as there are.
    """

    identity: Identity
    facts: SlideFacts
    mode: Mode
    domain: Domain
    origin: Origin
    site: SiteBackground | None = None
    details: dict[str, str] = field(default_factory=dict)
    consents_to_training: bool = False
    n_readers: Literal[1, 2] = 1
    n_differential: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A verdict as it is kept: a sentence with its numbers.

    Attributes:
        result: `blasts`, `few`, `none`, or `none-possible` for a refusal.
        sentence: What the page and the report say.
        n_cells: Usable cells.
        n_blast: Of these, called blast.
        n_unclear: Cells on which nobody decided.
        blast_fraction_95: The 95 % interval, None for a refusal.
        n_read: Cells that a person has read.
        n_confirmed: Of these, called blast.
        messages: The sentence as messages; empty in older records.
    """

    result: str
    sentence: str
    n_cells: int
    n_blast: int
    n_unclear: int
    blast_fraction_95: tuple[float, float] | None = None
    n_read: int = 0
    n_confirmed: int = 0
    messages: tuple[Message, ...] = ()

    def said(self, say: Say) -> str:
        """Return the sentence in a reader's language."""
        return said_all(self.messages, say) if self.messages else say(self.sentence)


def outcome_of(verdict: Verdict | Refusal) -> Outcome:
    """Return a verdict as it is kept."""
    return Outcome(
        result="none-possible" if isinstance(verdict, Refusal) else verdict.name.value,
        sentence=verdict.sentence,
        n_cells=verdict.n_cells,
        n_blast=verdict.n_blast,
        n_unclear=verdict.n_unclear,
        blast_fraction_95=None
        if isinstance(verdict, Refusal)
        else (verdict.interval.low, verdict.interval.high),
        n_read=verdict.n_read,
        n_confirmed=verdict.n_confirmed,
        messages=verdict.messages,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedCell:
    """A cell that a model once judged, to be judged again by another.

    Attributes:
        record: Its slide.
        cell: What is kept of it, with what people said.
        then: What the model called it.
        crops: (N, side, side, 3) uint8 RGB, as the model saw them.
    """

    record: "SlideRecord"
    cell: CellRecord
    then: Call
    crops: U8


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signed version of the result."""

    version: int
    outcome: Outcome
    by: str
    at: str
    seq: int
    head: str
    sealed_comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideRecord:
    """Everything that is kept of a slide.

    Attributes:
        id: The slide's number on this device.
        sealed: The identity, encrypted; the store opens it.
        mode: How the slide is read.
        domain: Real blood or a simulation.
        origin: What judges it, after any change of engine or segmenter.
        details: Plain facts from the set-up.
        consents_to_training: As last said.
        started_at: UTC, ISO 8601.
        by: Who started it.
        state: Where it stands.
        run: 1, and one more each time that counting went on after a stop.
        machine_cells: The cells that the machine counted, by id.
        steps: What people said, without what was taken back.
        machine: The verdict of the machine alone, None while counting.
        tally: What else was counted, so far.
        gathered: What its frames bear witness of, so far; nothing in older records.
        signatures: The signed versions, oldest first.
        notes: Fallbacks and stops, for the page and the report.
        is_erased: The identity's key was destroyed.
        has_pictures: False after the retention rule took the pictures away.
        seq: The last event that is folded in.
        head: That event's hash.
        n_readers: How many people read the cells, each without the other's words.
        facts: What the rules of the verdict ask; in older records as far as known.
        site: This site's own normal slides at the start, None: the bundle's background.
        quality: What of the device's quality was out of control when the count ended.
        doubts: What was wrong with the pictures.
        scales_um_per_px: At which its cells were cut out and judged.
        notes_on_cells: Each: cell, who wrote it, the encrypted text.
        amendments: Why signed versions were opened again, the oldest first.
        corrections: What was put right of its facts, the oldest first.
        void: Why it counts for nothing, None where it counts.
        told: To whom its critical result was told, the oldest first.
        n_differential: Cells that the differential asks for; 0: as many as there are.
    """

    id: str
    sealed: str
    mode: Mode
    domain: Domain
    origin: Origin
    details: dict[str, str]
    consents_to_training: bool
    started_at: str
    by: str
    state: SlideState = SlideState.NEW
    run: int = 1
    machine_cells: dict[str, CellRecord] = field(default_factory=dict)
    steps: tuple[ReviewStep, ...] = ()
    machine: Outcome | None = None
    tally: Tally = NOTHING_COUNTED
    gathered: Gathered = NOTHING_GATHERED
    signatures: tuple[Signature, ...] = ()
    notes: tuple[str, ...] = ()
    is_erased: bool = False
    has_pictures: bool = True
    seq: int = 0
    head: str = ""
    n_readers: int = 1
    facts: SlideFacts
    site: SiteBackground | None = None
    quality: tuple[Message, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    scales_um_per_px: tuple[float | None, ...] = ()
    amendments: tuple[Reason, ...] = ()
    corrections: tuple[Correction, ...] = ()
    void: Reason | None = None
    told: tuple[Told, ...] = ()
    notes_on_cells: tuple[tuple[str, str, str], ...] = ()
    n_differential: int = 0

    @property
    def is_rescaled(self) -> bool:
        """Whether cells were judged at a scale that turned out to be another one."""
        return any(s != self.origin.scale_um_per_px for s in self.scales_um_per_px)

    @property
    def cells(self) -> tuple[CellRecord, ...]:
        """All cells, each with what people said on it."""
        added = {s.cell: s.adds for s in self.steps if s.adds is not None}
        steps: dict[str, list[ReviewStep]] = {}
        for step in self.steps:
            steps.setdefault(step.cell, []).append(step)
        notes: dict[str, list[tuple[str, str]]] = {}
        for cell, by, sealed in self.notes_on_cells:
            notes.setdefault(cell, []).append((by, sealed))
        read = (
            with_words(c, steps[i], self.n_readers) if i in steps else c
            for i, c in (self.machine_cells | added).items()
        )
        return tuple(
            replace(c, sealed_notes=tuple(notes[c.id])) if c.id in notes else c
            for c in read
        )

    @property
    def readers(self) -> tuple[str, ...]:
        """Who reads the cells, in the order in which they began."""
        reads = (s.by for s in self.steps if s.adds is None and not s.settles)
        return tuple(dict.fromkeys(reads))

    def last_step(self, by: str) -> ReviewStep | None:
        """Return the step that somebody can take back: with two readers, their own."""
        own = [s for s in self.steps if self.n_readers == 1 or s.by == by]
        return own[-1] if own else None

    def others_in(self, step: ReviewStep, by: str) -> tuple[str, ...]:
        """Return who else has a word in a step; a cell that goes takes all on it."""
        names = [step.by]
        if step.adds is not None:
            names += [s.by for s in self.steps if s.cell == step.cell]
            names += [who for cell, who, _ in self.notes_on_cells if cell == step.cell]
        return tuple(name for name in names if name != by)

    def seen_by(self, person: str) -> dict[str, int]:
        """Return the version of each called cell that somebody sees.

        It is the number of the last word on it; with two readers, of their own.
        """
        steps = (s for s in self.steps if self.n_readers == 1 or s.by == person)
        return {s.cell: s.seq for s in steps}

    @property
    def counted(self) -> tuple[CellRecord, ...]:
        """The cells that count: whole ones, and no dirt."""
        return tuple(
            c for c in self.cells if c.is_counted and c.final is not Reading.NOT_A_CELL
        )

    @property
    def to_review(self) -> tuple[CellRecord, ...]:
        """Suspect and unclear cells that not every reader has judged."""
        return tuple(
            c
            for c in self.cells
            if c.is_counted and c.is_suspect and len(c.words) < self.n_readers
        )

    @property
    def disputed(self) -> tuple[CellRecord, ...]:
        """Cells on which two readers differ, for a supervisor to settle."""
        return tuple(c for c in self.cells if c.is_disputed)

    @property
    def kind_disputed(self) -> tuple[CellRecord, ...]:
        """Normal cells to which readers gave different kinds; they block nothing."""
        return tuple(
            c for c in self.cells if c.is_kind_disputed and c.final is Reading.NORMAL
        )

    @property
    def n_others_left(self) -> int:
        """How many cells that nobody suspects are still to be judged."""
        others = [c for c in self.cells if c.is_counted and c.call is CallName.NORMAL]
        n_judged = sum(len(c.words) >= self.n_readers for c in others)
        return max(0, min(MIN_OTHERS_REVIEWED, len(others)) - n_judged)

    @property
    def version(self) -> int:
        """Number of the version that is signed, or being made."""
        is_unsigned = self.state is not SlideState.SIGNED and self.void is None
        return max(1, len(self.signatures) + is_unsigned)
