"""What is concluded from a slide: interval, stop rule's word, verdict or refusal."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from leukoscope_edge.messages import Message, Say, message, said_all
from leukoscope_edge.types import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval of fractions, both ends in 0..1."""

    low: float
    high: float


class VerdictName(str, Enum):
    """The three sentences that are results; the fourth, no result, is a Refusal."""

    BLASTS = "blasts"
    FEW = "few"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopState:
    """Where a count stands between the looks of the stop rule.

    Attributes:
        look: Cells at the last look that was reached, 0 before the first.
        next_look: Cells at the next look, None after the last.
        keep_going: Whether more cells would tell more.
        why: What the technician reads of it.
        claim: On which side of the rule's cut-off the true fraction of blasts lies,
            None while that is open.
    """

    look: int
    next_look: int | None
    keep_going: bool
    why: Message
    claim: Literal["above", "below"] | None = None

    @property
    def advice(self) -> str:
        """Why, in English."""
        return self.why.said()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """What is known of the true fraction of blasts, errors of the model allowed for.

    Attributes:
        median: Of the fraction, 0..1.
        interval: 95 % credible interval.
        cut_off: A fraction that matters.
        p_above: Probability that the true fraction lies above it.
    """

    median: float
    interval: Interval
    cut_off: float
    p_above: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the slide shows, in one sentence. Never a diagnosis.

    Attributes:
        name: Which of the three results.
        messages: What the page and the report say, the result first.
        n_cells: Usable cells, unclear ones left out.
        n_blast: Of these, blasts: by a person where one read the cell, else called so.
        n_unclear: Cells on which nobody decided.
        interval: 95 % interval of `n_blast` of `n_cells`.
        n_read: Cells that a person has read.
        n_confirmed: Of these, called blast.
        background: Cells called blast that a healthy person may show in as many as no
            person has read.
        true_fraction: 95 % confidence interval of the true fraction of blasts, errors
            of the model and the spread of people allowed for; None where people read
            the blasts.
        posterior: The same as probability, None where there is too little for it.
        stop: Whether to keep going, None where nobody is moving a slide.
    """

    name: VerdictName
    messages: tuple[Message, ...]
    n_cells: int
    n_blast: int
    n_unclear: int
    interval: Interval
    n_read: int = 0
    n_confirmed: int = 0
    background: int = 0
    true_fraction: Interval | None = None
    posterior: Posterior | None = None
    stop: StopState | None = None

    @property
    def sentence(self) -> str:
        """What the page and the report say, in English."""
        return said_all(self.messages)

    def said(self, say: Say) -> str:
        """Return the sentence in a reader's language."""
        return said_all(self.messages, say)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No result, because ...: a normal medical outcome, hence a value.

    Attributes:
        reason: Why.
        cure: What to do about it.
        n_cells: As in `Verdict`, like those below.
    """

    reason: Message
    cure: Message | None = None
    n_cells: int = 0
    n_blast: int = 0
    n_unclear: int = 0
    n_read: int = 0
    n_confirmed: int = 0
    stop: StopState | None = None

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the page and the report say, the reason first."""
        head = message("no-result", reason=self.reason)
        return (head, self.cure) if self.cure else (head,)

    @property
    def sentence(self) -> str:
        """What the page and the report say, in English."""
        return said_all(self.messages)

    def said(self, say: Say) -> str:
        """Return the sentence in a reader's language."""
        return said_all(self.messages, say)


def marked(sentence: str, domain: Domain) -> str:
    """Return a verdict's sentence, marked where nothing of it is real."""
    return f"SIMULATION: {sentence}" if domain == "simulated" else sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something about the pictures that forbids a negative.

    Attributes:
        reason: What it is.
        cure: What to do about it.
        spoils_calls: The model's calls cannot be trusted at all, as with exchanged
            colours or a wrong scale; else cells may only be missing or doubled.
    """

    reason: Message
    cure: Message | None
    spoils_calls: bool
