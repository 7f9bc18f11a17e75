"""Sentences of a report that are no facts of the list: for HTML, PDF and page alike."""

from collections.abc import Iterator

from leukoscope_edge.messages import Say, message
from leukoscope_edge.records.exports.cell_words import (
    KIND_OF_ONE,
    WORDS,
    capital,
    model_said,
)
from leukoscope_edge.records.exports.facts import AGES, SAMPLE_TYPES
from leukoscope_edge.records.exports.slide_version import SlideVersion
from leukoscope_edge.records.slides.cell_record import CellRecord
from leukoscope_edge.types import Reading


def said_verdict(version: SlideVersion, say: Say) -> str:
    """Return the verdict's sentence in a language, marked where nothing is real."""
    is_simulated = version.record.domain == "simulated"
    mark = f"{say('SIMULATION')}: " if is_simulated else ""
    return mark + version.outcome.said(say)


def said_marks(version: SlideVersion, say: Say = str) -> Iterator[str]:
    """Yield what must be seen first: void, unsigned, amended, being amended."""
    if version.signature is None and version.record.void is None:
        yield message("preliminary").said(say)
    for mark in version.marks:
        yield mark.said(say)


def said_sample(version: SlideVersion, say: Say = str) -> str:
    """Return what was smeared and whose age group it is of, for the head of a page."""
    facts = version.record.facts
    type_ = facts.sample_type
    smeared = SAMPLE_TYPES[type_] if type_ else "Blood or marrow: not said"
    label = version.identity.sample if version.identity else ""
    return ", ".join(filter(None, (label, say(smeared), say(AGES[facts.age]))))


def caption_of(
    version: SlideVersion, cell: CellRecord, say: Say = str
) -> tuple[str, str, str]:
    """Return what stands under a cell's picture: its id, the model's word, ours.

    Of a screening at one go, which no person reads: its word, the model's, its place.
    """
    model = model_said(cell, say) if cell.call else say("not seen by the model")
    number = f"{say('cell')} {cell.id}"
    if version.source:
        word = say(WORDS[cell.final])
        word = word.upper() if cell.final is Reading.BLAST else word
        return word, model, f"{number} · {cell.frame}"
    person = say(WORDS[cell.word] if cell.word else "not judged")
    if cell.named_kind:
        person += f", {say(KIND_OF_ONE[cell.named_kind])}"
    return number, model, f"{say('person')}: {person}"


def said_changes(version: SlideVersion, say: Say = str) -> Iterator[tuple[str, str]]:
    """Yield what people said other than the machine: from what to what, which cells."""
    groups: dict[str, list[str]] = {}
    for cell in version.changed:
        was = say(WORDS[Reading(cell.call.value)] if cell.call else "not seen")
        now = say(WORDS[cell.final])
        label = message("changed-word", what=was, word=now).said(say)
        groups.setdefault(label, []).append(f"{cell.id} ({cell.judged_by})")
    for label, cells in groups.items():
        yield capital(label), f"{say('cells')} {', '.join(cells)}"
