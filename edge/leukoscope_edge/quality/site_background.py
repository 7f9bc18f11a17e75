"""This site's own background, gathered on the page: slides of healthy people.

A supervisor starts such a slide; it is counted and read like any other. Signed without
a blast it is noted here with what the *model* called, for the background is the model's
false calls. Five slides of five people make the background of slides that start from
then on. What is voided, opened again or signed otherwise drops out by itself, and
another model begins anew, for it calls otherwise. Blood alone: a normal marrow holds
blasts, so that there a blast call need not be a false one.
"""

from collections import Counter
from dataclasses import dataclass

from leukoscope_edge.counting import MIN_SLIDES, NormalSlide, SiteBackground
from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.inference import Card
from leukoscope_edge.log import passing_over
from leukoscope_edge.messages import Message, message
from leukoscope_edge.outcome import VerdictName
from leukoscope_edge.records import Event, Store
from leukoscope_edge.records.slides import Outcome, SlideRecord, SlideState
from leukoscope_edge.sample import SampleType
from leukoscope_edge.types import CallName, Reading

NORMAL_NOTE = "normal slide"
PURPOSE, FOR_BACKGROUND = "purpose", "Site background"
"""A detail of the slide's set-up, so that every copy of it says what it was for."""
USABLE = (CallName.BLAST, CallName.NORMAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNormal:
    """A healthy person's slide that was signed.

    Attributes:
        slide: Its number.
        bundle: Id of the model that called its cells.
        bundle_sha256: Hash of that model's file.
        counts: What the model called.
        is_valid: It still stands as signed without a blast.
    """

    slide: str
    bundle: str
    bundle_sha256: str
    counts: NormalSlide
    is_valid: bool


def is_for_background(record: SlideRecord) -> bool:
    """Say whether a slide was started as a healthy person's, for the background."""
    return record.details.get(PURPOSE) == FOR_BACKGROUND


def keep_normal_slide(store: Store, record: SlideRecord, by: str) -> None:
    """Note a slide that was started for the background, once it is signed.

    Args:
        store: The records.
        record: The slide; any other than one for the background is left alone.
        by: Who signed it.
    """
    counts = _counts(record)
    if not is_for_background(record) or counts is None:
        return
    facts = {
        "slide": record.id,
        "bundle": record.origin.bundle,
        "bundle_sha256": record.origin.bundle_sha256,
        "n_cells": counts.n_cells,
        "n_blast": counts.n_blast,
    }
    store.log.note(NORMAL_NOTE, facts, by)


def _counts(record: SlideRecord) -> NormalSlide | None:
    """Return what the model alone called, None where it called no cell."""
    calls = [
        c.call
        for c in record.cells
        if c.is_counted and c.final is not Reading.NOT_A_CELL
    ]
    n_cells = sum(call in USABLE for call in calls)
    if n_cells == 0:
        return None
    return NormalSlide(n_cells=n_cells, n_blast=calls.count(CallName.BLAST))


def normal_slides(store: Store) -> list[KeptNormal]:
    """Return the healthy people's slides, each once, the newest last."""
    newest = {e.body["facts"]["slide"]: e for e in store.log.notes(NORMAL_NOTE)}
    return [_kept(store, e) for e in newest.values()]


def _kept(store: Store, event: Event) -> KeptNormal:
    facts = event.body["facts"]
    return KeptNormal(
        slide=facts["slide"],
        bundle=facts["bundle"],
        bundle_sha256=facts["bundle_sha256"],
        counts=NormalSlide(n_cells=facts["n_cells"], n_blast=facts["n_blast"]),
        is_valid=_is_valid(store, facts["slide"]),
    )


def _is_valid(store: Store, slide: str) -> bool:
    with passing_over(
        LeukoscopeError, doing="reading a kept normal slide"
    ):  # damaged: it proves nothing
        record = store.reader.slide(slide)
        is_blood = record.facts.sample_type is SampleType.BLOOD
        is_signed = record.state is SlideState.SIGNED and record.void is None
        outcome = record.signatures[-1].outcome if record.signatures else None
        return is_signed and is_blood and outcome is not None and _is_normal(outcome)
    return False


def _is_normal(outcome: Outcome) -> bool:
    """Say whether people found nothing: a negative, or one that came too early.

    The stop rule asks for more where the model calls a few cells blast. Were such
    slides left out, those with few false calls alone would make the background.
    """
    is_early = outcome.messages[:1] and outcome.messages[0].holds("stopped-early")
    is_negative = outcome.result == VerdictName.NONE.value
    return outcome.n_confirmed == 0 and bool(is_negative or is_early)


def site_background(
    store: Store, card: Card, sample_type: SampleType | None = SampleType.BLOOD
) -> SiteBackground | None:
    """Return the site's background for a model, None below five slides.

    Args:
        store: The records.
        card: Of the model; slides that another one called do not count.
        sample_type: Of the slide to be judged; there is one for blood alone.
    """
    slides = tuple(
        kept.counts
        for kept in normal_slides(store)
        if kept.is_valid and _is_of(kept, card)
    )
    if sample_type is not SampleType.BLOOD or len(slides) < MIN_SLIDES:
        return None
    return SiteBackground(bundle=card.id, slides=slides)


def _is_of(kept: KeptNormal, card: Card) -> bool:
    return (kept.bundle, kept.bundle_sha256) == (card.id, card.model_cpu.sha256)


def normals_said(n_slides: int) -> Message:
    """Return how far a background is, as a message."""
    if n_slides < MIN_SLIDES:
        return message("normal-slides-of", k=n_slides, n=MIN_SLIDES)
    return message("normal-slides", n=n_slides)


def n_by_model(store: Store, card: Card) -> dict[str, int]:
    """Return how many slides count for each model; the one in use is always there."""
    kept = [k for k in normal_slides(store) if k.is_valid]
    others = Counter(k.bundle for k in kept if not _is_of(k, card))
    return {card.id: sum(_is_of(k, card) for k in kept), **others}
