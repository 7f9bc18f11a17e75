"""One version of one slide, gathered for paper and for exchange."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from leukoscope_edge.counting import AgeRanges
from leukoscope_edge.errors import ConfigError, StepError
from leukoscope_edge.messages import NOT_FOR_CARE, Message, Param, message, said_all
from leukoscope_edge.outcome import VerdictName, marked
from leukoscope_edge.records.changes import Reason
from leukoscope_edge.records.events import code_of
from leukoscope_edge.records.exports.laboratory import Laboratory, open_laboratory
from leukoscope_edge.records.slides.cell_record import CellRecord
from leukoscope_edge.records.slides.conclusion import told_of_machine
from leukoscope_edge.records.slides.site_ranges import open_ranges
from leukoscope_edge.records.slides.slide import (
    Identity,
    Outcome,
    Signature,
    SlideRecord,
)
from leukoscope_edge.records.slides.slide_state import SlideState
from leukoscope_edge.records.slides.worklist import SUSPICIONS
from leukoscope_edge.records.store import Store
from leukoscope_edge.screening_result import ImageReport
from leukoscope_edge.types import Reading, Tally

MAX_SHOWN = 60
"""Pictures on paper, of 15 kB each: five pages. A slide of 2,268 suspects made a PDF of
33 MB, which no laboratory's system takes; all cells stay on the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideVersion:
    """What a report needs.

    Attributes:
        record: The slide as it stood at the signature, or as it stands unsigned.
        signature: The signature, None for the machine's result alone.
        identity: Whose blood it is, None after erasure or de-identified.
        comment: The signer's comment, empty likewise.
        device: Id of this device.
        views: PNG files of the pictures of the cells to show, by the cell's id.
        marks: What must stand on every export: a model for research, void, amended,
            being amended.
        source: What was screened at one go, "" for a slide of the records.
        left_out: Its images that were not screened; empty for a slide of the records.
        background_from: Whose normal slides the background comes from.
        ranges: What is usual at this age, None where the age is not known.
        ranges_trouble: Why the site's own ranges cannot be read, "" mostly.
        laboratory: Where it was made, None where the site says nothing of itself.
        remarks: Notes on cells: the cell, who wrote it, the text; empty where
            de-identified.
        told_to: Who was told its critical result, beside `record.told`; empty on a copy
            without names.
    """

    record: SlideRecord
    signature: Signature | None
    identity: Identity | None
    comment: str
    device: str
    views: Mapping[str, bytes]
    marks: tuple[Message, ...] = ()
    source: str = ""
    left_out: tuple[ImageReport, ...] = ()
    background_from: Literal["bundle", "site"] = "bundle"
    ranges: AgeRanges | None = None
    ranges_trouble: str = ""
    laboratory: Laboratory | None = None
    remarks: tuple[tuple[str, str, str], ...] = ()
    told_to: tuple[str, ...] = ()

    @property
    def file_stem(self) -> str:
        """How its files are called; it names nobody."""
        whose = "deidentified" if self.identity is None else "identified"
        return f"{self.record.id}-v{self.number}-{whose}"

    @property
    def n_read(self) -> int:
        """How many of the counted cells a person has read."""
        return sum(c.word is not None for c in self.record.counted)

    @property
    def is_all_read(self) -> bool:
        """Whether people have read every counted cell, and there is one."""
        return 0 < len(self.record.counted) == self.n_read

    @property
    def read(self) -> Message:
        """Who read the cells."""
        n = len(self.record.counted)
        if self.n_read == 0:
            return message("read-none")
        if self.is_all_read:
            return message("read-all", n=n)
        return message("read-some", m=self.n_read, n=n)

    @property
    def number(self) -> int:
        """Number of this version."""
        return self.signature.version if self.signature else self.record.version

    @property
    def outcome(self) -> Outcome:
        """The result: a person's where one signed, else the machine's; void: none.

        That the machine alone found nothing is no result: see `told_of_machine`.
        """
        if self.record.void is not None:
            return _nothing(self.marks)
        outcome = self.signature.outcome if self.signature else self.record.machine
        if outcome is None:
            raise StepError(message("still-counted", slide=self.record.id))
        return outcome

    @property
    def sentence(self) -> str:
        """The verdict's sentence, marked where nothing of it is real."""
        return marked(self.outcome.sentence, self.record.domain)

    @property
    def code(self) -> str:
        """The short code of the event chain up to this version."""
        return code_of(self.signature.head if self.signature else self.record.head)

    @property
    def shown(self) -> tuple[CellRecord, ...]:
        """The cells whose pictures belong on paper, most suspicious first."""
        return shown_of(self.record)

    @property
    def n_suspects(self) -> int:
        """How many cells are suspect, shown or not."""
        return len(suspects_of(self.record))

    @property
    def changed(self) -> tuple[CellRecord, ...]:
        """The cells on which a person said other than the model."""
        return tuple(
            c
            for c in self.record.cells
            if c.word is not None and (c.call is None or c.word.value != c.call.value)
        )


def suspects_of(record: SlideRecord) -> tuple[CellRecord, ...]:
    """Return the counted cells that are suspect to model or person, in their rank."""
    suspects = (c for c in record.cells if _is_suspect(c))
    return tuple(sorted(suspects, key=_rank))


def shown_of(record: SlideRecord) -> tuple[CellRecord, ...]:
    """Return the suspects whose pictures belong on paper, most suspicious first."""
    return suspects_of(record)[:MAX_SHOWN]


def _is_suspect(cell: CellRecord) -> bool:
    return cell.is_counted and (cell.is_suspect or cell.final is Reading.BLAST)


def _rank(cell: CellRecord) -> tuple[bool, float]:
    return (cell.final is not Reading.BLAST, -(cell.p_blast or 0.0))


def open_version(store: Store, slide: str, *, identified: bool = True) -> SlideVersion:
    """Gather the newest version of a slide: the signed one, if there is one.

    Args:
        store: The records.
        slide: The slide.
        identified: Say whose blood it is.

    Raises:
        StepError: There is no such slide, or it is still being counted.
    """
    newest = record = store.reader.slide(slide)
    if record.void is not None:
        return _void(store, record, record.void, identified=identified)
    signature = record.signatures[-1] if record.signatures else None
    if signature is not None:
        signed = store.reader.slide_at(slide, signature.seq)
        record = replace(
            signed,
            machine=told_of_machine(signed.machine, signature.outcome),
            is_erased=record.is_erased,
            has_pictures=record.has_pictures,
            told=record.told,
        )
    elif record.machine is None:
        raise StepError(message("still-counted-finish", slide=slide))
    else:
        record = replace(record, machine=told_of_machine(record.machine, None))
    views = (
        {c.id: store.pictures.read(slide, c.view) for c in shown_of(record)}
        if record.has_pictures
        else {}
    )
    comment = store.reader.comment(slide, signature) if signature and identified else ""
    return SlideVersion(
        record=record,
        signature=signature,
        identity=store.reader.identity_of(record) if identified else None,
        comment=comment or "",
        device=store.device,
        views=views,
        marks=tuple(_marks(store, newest, signature, identified=identified)),
        laboratory=_laboratory(store),
        told_to=store.reader.told_to(newest) if identified else (),
        remarks=_remarks(store, record) if identified else (),
        background_from="site" if record.site else "bundle",
        **_ranges(store, record),
    )


def _remarks(store: Store, record: SlideRecord) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (cell.id, by, text)
        for cell in record.cells
        for by, text in store.reader.remarks(record.id, cell)
    )


def _laboratory(store: Store) -> Laboratory | None:
    """Return the head of a report; a broken file must not keep one from leaving."""
    try:
        return open_laboratory(store.folder)
    except ConfigError as err:
        return Laboratory(name=str(err))


def shown_version(store: Store, record: SlideRecord, outcome: Outcome) -> SlideVersion:
    """Return a slide as it stands now with an outcome that nobody has signed yet.

    For a screen: without name, comment and pictures.
    """
    return SlideVersion(
        record=replace(record, machine=outcome, signatures=()),
        signature=None,
        identity=None,
        comment="",
        device=store.device,
        views={},
        laboratory=_laboratory(store),
        background_from="site" if record.site else "bundle",
        **_ranges(store, record),
    )


def _ranges(store: Store, record: SlideRecord) -> dict[str, Any]:
    """Return what is usual; a broken file must not keep a result from leaving."""
    try:
        return {"ranges": open_ranges(store.folder).of(record.facts.age)}
    except ConfigError as err:
        return {"ranges_trouble": str(err)}


def _marks(
    store: Store, record: SlideRecord, signature: Signature | None, *, identified: bool
) -> Iterator[Message]:
    """Yield that its model is for research, and what became of the signed version."""
    if record.origin.is_research:
        yield NOT_FOR_CARE
    told = signature.outcome if signature else None
    suspected, unsigned = slides_beside(store, record, told)
    yield from _said_of(suspected, identified=identified)
    if signature is None:
        return
    if unsigned:
        yield message("unsigned-beside")
    if record.state is SlideState.AMENDING:
        yield message("being-amended", n=signature.version)
    if signature.version > 1:
        reason = record.amendments[signature.version - 2]
        why = _why(store, record.id, reason, identified=identified)
        yield message("amended", n=signature.version - 1, name=reason.by, why=why)
    yield from _said_before(record, signature)


def _said_before(record: SlideRecord, signature: Signature) -> Iterator[Message]:
    """Yield what the version before said, and each earlier one that told of blasts.

    Those alone whose result is another than the signed one's.
    """
    *earlier, _ = record.signatures
    for n, before in enumerate((s.outcome for s in earlier), start=1):
        is_told = before.result in SUSPICIONS or n == len(earlier)
        if is_told and before.result != signature.outcome.result:
            said = before.messages[0] if before.messages else before.sentence
            yield message("amended-said", n=n, what=said)


def _said_of(suspected: Sequence[str], *, identified: bool) -> Iterator[Message]:
    """Yield that other slides of the sample tell of blasts.

    Which ones stays off a copy without names: two such copies would be known as one
    person's. That there is one does not: the negative beside it is none of the sample.
    """
    if suspected and not identified:
        yield message("suspected-elsewhere")
        return
    for other in suspected:
        yield message("suspected-beside", slide=other)


def slides_beside(
    store: Store, record: SlideRecord, told: Outcome | None
) -> tuple[list[str], list[str]]:
    """Return the other slides of the sample that a negative of one must tell of.

    A negative of one is no negative of the sample.

    Args:
        store: The records.
        record: The slide.
        told: What is told of it, None for nothing yet.

    Returns:
        Those that tell of blasts, none void; and, beside a negative alone, those that
        nobody has signed yet.
    """
    identity = store.reader.identity_of(record)
    sample = store.worklist.listed_of(identity.sample) if identity else []
    others = [
        one
        for one in sample
        if one.id != record.id and one.state is not SlideState.VOIDED
    ]
    suspected = [
        one.id
        for one in others
        if one.result in SUSPICIONS and one.is_told(early=False)
    ]
    is_negative = told is not None and told.result == VerdictName.NONE.value
    unsigned = [one.id for one in others if one.state is not SlideState.SIGNED]
    return suspected, unsigned if is_negative else []


def _why(store: Store, slide: str, reason: Reason, *, identified: bool) -> Param:
    """Return a reason; one that may name somebody stays off a copy without names."""
    if not identified and not reason.names_nobody:
        return message("why-elsewhere")
    why = store.reader.reason(slide, reason)
    return message("why-erased") if why is None else why or message("not-said")


def _void(
    store: Store, record: SlideRecord, reason: Reason, *, identified: bool
) -> SlideVersion:
    """Return that a slide is void: whose it was and why, no cell and no figure."""
    why = _why(store, record.id, reason, identified=identified)
    return SlideVersion(
        record=replace(record, machine_cells={}, steps=(), machine=None, tally=Tally()),
        signature=None,
        identity=store.reader.identity(record.id) if identified else None,
        comment="",
        device=store.device,
        views={},
        marks=(message("void-because", name=reason.by, why=why),),
        laboratory=_laboratory(store),
        told_to=store.reader.told_to(record) if identified else (),
    )


def _nothing(marks: tuple[Message, ...]) -> Outcome:
    return Outcome(
        result="void",
        sentence=said_all(marks),
        n_cells=0,
        n_blast=0,
        n_unclear=0,
        messages=marks,
    )
