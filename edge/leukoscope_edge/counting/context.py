"""All that decides over a slide's sentence beside the calls: plain values, no defaults.

A context is put together when a slide starts, kept with it and never guessed later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from leukoscope_edge.counting.fraction import CallModel
from leukoscope_edge.counting.statistics import BetaSpread
from leukoscope_edge.messages import Message
from leukoscope_edge.outcome import Doubt
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts
from leukoscope_edge.types import Call, CallName, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCall:
    """What is said of one cell, and by whom.

    Attributes:
        model: The model's word, None for a cell that a person added.
        person: A person's word, None where nobody read the cell.
        is_unlike: The model found it unlike all that it learned from.
        kind: What people or else the model named it, blast apart; "" where nobody did.
    """

    model: CallName | None
    person: Reading | None
    is_unlike: bool = False
    kind: str = ""

    @property
    def final(self) -> Reading:
        """What counts: the person's word, or else the model's."""
        if self.person is not None:
            return self.person
        return Reading(self.model.value) if self.model else Reading.UNCLEAR


def by_model(call: Call) -> CellCall:
    """Return a cell that nobody has read yet."""
    return CellCall(
        model=call.name,
        person=None,
        is_unlike=call.is_unlike,
        kind=call.kind_beside_blast,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """How a model's calls come about, and on whose normal slides that was measured.

    Attributes:
        model: Of blood.
        measured_by: Whose normal slides.
        false_calls_in_marrow: Spread over healthy people of the share of their marrow
            that the model calls blast; None where nobody measured it, or of blood.
    """

    model: CallModel
    measured_by: Literal["bundle", "site"]
    false_calls_in_marrow: BetaSpread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideContext:
    """What must be known of a slide before anything is said of it.

    Attributes:
        facts: What a person said when it started.
        background: How the calls come about.
        is_scale_known: What a pixel measures was calibrated.
        quality: What of the device's quality is out of control; empty: all is well.
        doubts: What is wrong with the pictures; empty: nothing.
        is_over: The count has ended.
    """

    facts: SlideFacts
    background: Background
    is_scale_known: bool
    quality: tuple[Message, ...]
    doubts: tuple[Doubt, ...]
    is_over: bool

    def at_the_end(
        self, quality: Sequence[Message], doubts: Sequence[Doubt]
    ) -> "SlideContext":
        """Return it with what is held against the device and doubted at the end."""
        held = dict.fromkeys((*self.quality, *quality))
        doubted = dict.fromkeys((*self.doubts, *doubts))
        return replace(self, quality=tuple(held), doubts=tuple(doubted))

    @property
    def is_marrow(self) -> bool:
        """Whether the cut-offs of marrow hold; unknown is held to be blood."""
        return self.facts.sample_type is SampleType.MARROW

    @property
    def is_child_or_unknown(self) -> bool:
        """Whether a confirmed blast must be seen today."""
        return self.facts.age is not AgeGroup.ADULT
