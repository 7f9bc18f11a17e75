"""A slide is the fold of its events. Pure: no file, no clock.

Resuming after a power cut is folding what is stored. What may happen to a slide when,
stands in the table of `slides/slide_state.py`; the store asks it before it writes.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from typing import Any

from leukoscope_edge.counting import NormalSlide, SiteBackground, together
from leukoscope_edge.messages import Message, Param, from_plain, message
from leukoscope_edge.outcome import Doubt
from leukoscope_edge.records.changes import Change, Correction, Reason, Told
from leukoscope_edge.records.events import Event
from leukoscope_edge.records.slides.cell_record import ReviewStep, words_on
from leukoscope_edge.records.slides.correction import DETAILS
from leukoscope_edge.records.slides.kinds import n_own_left
from leukoscope_edge.records.slides.slide import Kind, Origin, Signature, SlideRecord
from leukoscope_edge.records.slides.slide_objects import (
    cell_from,
    doubt_from,
    facts_from,
    gathered_from,
    outcome_from,
)
from leukoscope_edge.records.slides.slide_state import (
    Action,
    Live,
    SlideState,
    after,
    is_allowed,
    state_of,
)
from leukoscope_edge.sample import AgeGroup, SlideFacts
from leukoscope_edge.screening_result import found_by_note
from leukoscope_edge.types import Reading, hardware_of, tally_from

NOT_GATHERED = Doubt(
    reason=message("not-gathered"), cure=message("rescaled-cure"), spoils_calls=False
)
"""An older program counted its first cells, and what it saw of their frames is lost."""
_OF_OLDER_PROGRAMS: dict[Action, SlideState] = {
    Action.COUNT_MORE: SlideState.AMENDING,
}
"""What was allowed once, and is still read."""


class CannotFollowError(ValueError):
    """An event cannot follow those before it.

    Attributes:
        told: Why.
    """

    def __init__(self, id_: str, /, **params: Param) -> None:
        """Say why, by the id of a message and what stands in its braces."""
        self.told = message(id_, **params)
        super().__init__(self.told.said())


def fold(events: Iterable[Event], start: SlideRecord | None = None) -> SlideRecord:
    """Return the record that events make.

    Args:
        events: Events of one slide, in order.
        start: A record that earlier events made.

    Raises:
        ValueError: An event cannot follow those before it.
    """
    record = reduce(apply, events, start)
    if record is None:
        raise ValueError("no event")
    return record


def apply(record: SlideRecord | None, event: Event) -> SlideRecord:
    """Return the record after one more event.

    Raises:
        ValueError: The event cannot follow.
    """
    kind = Kind(event.kind)
    if kind is Kind.START:
        if record is not None:
            raise CannotFollowError("started-before", slide=event.slide)
        return _started(event)
    if record is None:
        raise CannotFollowError("no-such-slide", slide=event.slide)
    action = action_of(kind, record.state)
    is_older = _OF_OLDER_PROGRAMS.get(action) is record.state
    if not is_older and not is_allowed(action, state_of(record.state)):
        told = why_not(record, action)
        raise CannotFollowError(told.id, **dict(told.params))
    state = after(action, record.state, was_signed=bool(record.signatures))
    changed = _after(record, kind, event)
    return replace(changed, state=state, seq=event.seq, head=event.hash)


def action_of(kind: Kind, state: SlideState) -> Action:
    """Return what an event of a kind does with a slide that stands so."""
    is_over = state not in (SlideState.NEW, SlideState.COUNTING)
    if kind is Kind.RESUME and is_over:
        return Action.COUNT_MORE
    return Action(kind.value)


def why_not(record: SlideRecord, action: Action, live: Live = "") -> Message:
    """Return why something may not be done with a slide."""
    state = state_of(record.state, live)
    step = message(f"step-{action.value.replace(' ', '-')}")
    stands = message(f"state-{state.value}")
    return message("cannot-while", slide=record.id, step=step, state=stands)


def _after(record: SlideRecord, kind: Kind, event: Event) -> SlideRecord:  # noqa: C901
    match kind:
        case Kind.RESUME:
            return _resumed(record)
        case Kind.ENGINE:
            return _changed_engine(record, event)
        case Kind.SEGMENTER:
            return _changed_segmenter(record, event)
        case Kind.CELLS:
            return _with_cells(record, event)
        case Kind.JUDGE:
            return _judged(record, event)
        case Kind.MISSED:
            return _missed(record, event)
        case Kind.REMARK:
            return _remarked(record, event)
        case Kind.UNDO:
            return _undone(record, event)
        case Kind.FINISH:
            return _finished(record, event)
        case Kind.SIGN:
            return _signed(record, event)
        case Kind.AMEND:
            why = _reason(event)
            return replace(record, amendments=(*record.amendments, why))
        case Kind.VOID:
            return replace(record, void=_reason(event))
        case Kind.TELL:
            told = Told(**event.body, by=event.by, at=event.at)
            return replace(record, told=(*record.told, told))
        case Kind.CORRECT:
            return _corrected(record, event)
        case Kind.CONSENT:
            return replace(record, consents_to_training=event.body["consents"])
        case Kind.ERASE:
            return replace(record, is_erased=True, consents_to_training=False)
        case Kind.DROP_PICTURES:
            return replace(record, has_pictures=False)
        case _:
            return record


def _started(event: Event) -> SlideRecord:
    body = event.body
    return SlideRecord(
        id=event.slide,
        sealed=body["sealed"],
        mode=body["mode"],
        domain=body["domain"],
        origin=Origin(**body["origin"] | {"limits": tuple(body["origin"]["limits"])}),
        details=body["details"],
        consents_to_training=body["consents_to_training"],
        n_readers=body.get("n_readers", 1),
        n_differential=body.get("n_differential", 0),
        facts=_facts(body),
        site=_site(body),
        started_at=event.at,
        by=event.by,
        seq=event.seq,
        head=event.hash,
    )


def _facts(body: dict[str, Any]) -> SlideFacts:
    """Return what the rules ask; an older record does not know what was smeared."""
    if "facts" in body:
        return facts_from(body["facts"])
    return SlideFacts(
        sample_type=None,
        age=AgeGroup(body["details"].get("age", "unknown")),
        is_leukopenic=False,
        mode="passive" if body["mode"] == "passive" else "count",
    )


def _site(body: dict[str, Any]) -> SiteBackground | None:
    if not (found := body.get("site")):
        return None
    slides = tuple(NormalSlide(**s) for s in found["slides"])
    return SiteBackground(bundle=found["bundle"], slides=slides)


def _resumed(record: SlideRecord) -> SlideRecord:
    note = message("count-went-on", n=len(record.machine_cells)).said()
    return replace(
        record,
        run=record.run + 1,
        machine=None,
        doubts=_doubts_carried(record),
        notes=(*record.notes, note),
    )


def _doubts_carried(record: SlideRecord) -> tuple[Doubt, ...]:
    """Return the doubts that what is gathered does not raise anew."""
    if record.gathered.n_frames:
        return tuple(d for d in record.doubts if d == NOT_GATHERED)
    new = (NOT_GATHERED,) if record.machine_cells else ()
    return tuple(dict.fromkeys((*record.doubts, *new)))


def _changed_engine(record: SlideRecord, event: Event) -> SlideRecord:
    engine, why = event.body["engine"], event.body["why"]
    hardware = hardware_of(engine)
    notes: tuple[str, ...] = ()
    if why:
        notes = (message("engine-took-over", engine=hardware, why=why).said(),)
    elif n_before := len(record.machine_cells):
        since = message("judged-by-since", n=n_before + 1, engine=hardware)
        notes = (since.said(),)
    return replace(
        record,
        origin=replace(record.origin, engine=engine, fallback=why),
        notes=(*record.notes, *notes),
    )


def _changed_segmenter(record: SlideRecord, event: Event) -> SlideRecord:
    name, why = event.body["segmenter"], event.body["why"]
    n = len(record.machine_cells) + 1
    note = message("found-by-since", n=n, name=name, why=why).said()
    if n == 1:
        note = " ".join(found_by_note(name, why))
    return replace(
        record,
        origin=replace(record.origin, segmenter=name),
        notes=(*record.notes, note),
    )


def _with_cells(record: SlideRecord, event: Event) -> SlideRecord:
    new = {c["id"]: cell_from(_with_finder(record, c)) for c in event.body["cells"]}
    gone = set(event.body["gone"])
    cells = {i: c for i, c in (record.machine_cells | new).items() if i not in gone}
    body = event.body
    now = body.get("scale_um_per_px", record.origin.scale_um_per_px)
    scales = tuple(dict.fromkeys((*record.scales_um_per_px, now)))
    record = replace(record, machine_cells=cells, scales_um_per_px=scales)
    if "gathered" not in body:
        return record
    gathered = together(record.gathered, gathered_from(body["gathered"]))
    return replace(record, gathered=gathered, tally=tally_from(body["tally"]))


def _with_finder(record: SlideRecord, plain: dict[str, Any]) -> dict[str, Any]:
    """Let a kept frame say what found its cell, which older programs did not write.

    They kept a frame soon after they saw it, so it is what served when the frame was
    first named.
    """
    field = plain.get("field")
    if not field or "found_by" in field:
        return plain
    known = record.machine_cells.get(plain["id"])
    before = known.field if known else None
    found_by = record.origin.segmenter
    if before is not None and before.file == field["file"]:
        found_by = before.found_by
    return plain | {"field": field | {"found_by": found_by}}


def _judged(record: SlideRecord, event: Event) -> SlideRecord:
    cell = _known_cell(record, event)
    step = ReviewStep(
        seq=event.seq,
        cell=cell,
        word=Reading(event.body["word"]),
        by=event.by,
        settles=event.body.get("settles", False),
        kind=event.body.get("kind", ""),
    )
    if step.kind and step.word is not Reading.NORMAL:
        raise CannotFollowError("kind-of-normal", slide=record.id)
    if record.n_readers > 1 or step.settles:
        _check_reader(record, step)
    return replace(record, steps=(*record.steps, step))


def _known_cell(record: SlideRecord, event: Event) -> str:
    cell = str(event.body["cell"])
    added = (s.cell for s in record.steps if s.adds is not None)
    if cell not in record.machine_cells and cell not in added:
        raise CannotFollowError("slide-no-cell", slide=record.id, cell=cell)
    return cell


def _remarked(record: SlideRecord, event: Event) -> SlideRecord:
    note = (_known_cell(record, event), event.by, str(event.body["sealed"]))
    return replace(record, notes_on_cells=(*record.notes_on_cells, note))


def _check_reader(record: SlideRecord, step: ReviewStep) -> None:
    """Let two people read each cell once, and a supervisor settle what they read."""
    is_read_twice = len(words_on(record.cells, step.cell)) > 1
    if step.settles and (record.n_readers == 1 or not is_read_twice):
        raise CannotFollowError("two-must-read", slide=record.id, cell=step.cell)
    if step.settles:
        return
    if is_read_twice:
        raise CannotFollowError("two-have-read", slide=record.id, cell=step.cell)
    if step.by not in record.readers and len(record.readers) >= record.n_readers:
        names = " and ".join(record.readers)
        raise CannotFollowError("read-already", slide=record.id, who=names)


def _missed(record: SlideRecord, event: Event) -> SlideRecord:
    word = event.body.get("word")  # an older program judged what it added
    cell = replace(cell_from(event.body["cell"]), added_by="" if word else event.by)
    step = ReviewStep(
        seq=event.seq,
        cell=cell.id,
        word=Reading(word) if word else None,
        by=event.by,
        adds=cell,
    )
    return replace(record, steps=(*record.steps, step))


def _undone(record: SlideRecord, event: Event) -> SlideRecord:
    last = record.last_step(event.by)
    if last is None or last.seq != event.body["undoes"]:
        raise CannotFollowError("nothing-to-undo", slide=record.id)
    return replace(record, steps=tuple(s for s in record.steps if s is not last))


def _finished(record: SlideRecord, event: Event) -> SlideRecord:
    return replace(
        record,
        machine=outcome_from(event.body["outcome"]),
        tally=tally_from(event.body),
        quality=tuple(from_plain(m) for m in event.body.get("quality", ())),
        doubts=tuple(doubt_from(d) for d in event.body.get("doubts", ())),
    )


def _signed(record: SlideRecord, event: Event) -> SlideRecord:
    if record.disputed:
        n_disputed = len(record.disputed)
        raise CannotFollowError("readers-differ", slide=record.id, n=n_disputed)
    left = len(record.to_review) + record.n_others_left + n_own_left(record)
    if left:
        raise CannotFollowError("cells-left", slide=record.id, n=left)
    signature = Signature(
        version=record.version,
        outcome=outcome_from(event.body["outcome"]),
        by=event.by,
        at=event.at,
        seq=event.seq,
        head=event.hash,
        sealed_comment=event.body["sealed_comment"],
    )
    return replace(record, signatures=(*record.signatures, signature))


def _reason(event: Event) -> Reason:
    return Reason(
        sealed=event.body["sealed_why"],
        by=event.by,
        at=event.at,
        names_nobody=event.body.get("names_nobody", False),
    )


def _corrected(record: SlideRecord, event: Event) -> SlideRecord:
    body = event.body
    changes = tuple(Change(**c) for c in body["changes"])
    now = {c.what: c.now for c in changes}
    details = {what: now[what] for what in (*DETAILS, "objective") if what in now}
    correction = Correction(
        changes=changes,
        reason=_reason(event),
        sealed_before=record.sealed if body["sealed"] else "",
    )
    return replace(
        record,
        facts=facts_from(body["facts"]),
        sealed=body["sealed"] or record.sealed,
        details=record.details | details,
        origin=replace(record.origin, **body["scale"]),
        corrections=(*record.corrections, correction),
    )
