"""What is to be put right of a slide's facts: values in, changes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from leukoscope_edge.names import label, typed
from leukoscope_edge.profile import MAIN_OBJECTIVE
from leukoscope_edge.records.changes import Change
from leukoscope_edge.records.slides.slide import Identity, SlideRecord
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts

DETAILS = {"sex": "unknown", "reason": "other", "stain": "other"}
"""What is asked at the start beside what the rules ask; the value where nobody said."""
SEALED = ("sample", "name", "number")
"""What of a slide is kept encrypted: a change of it is told, not from what to what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """The facts as they should be; None leaves one as it is.

    Attributes:
        sample: The sample's label.
        name: The person's name, "" for none.
        number: The person's number in this hospital, likewise.
        sample_type: Blood or marrow.
        age: A child's, an adult's, or not known.
        is_leukopenic: The person is known to have few white cells.
        wbc_10e9_per_l: White cells of a litre of blood, in thousand millions.
        has_no_wbc: Nobody knows that number: what was typed is taken away.
        details: What the rules do not ask, by name: see DETAILS.
        objective: The objective that it was looked at under.
        calibration: Of that objective: its id, `none` where nobody calibrated it.
        scale_um_per_px: Of that objective, None where nobody calibrated it.
    """

    sample: str | None = None
    name: str | None = None
    number: str | None = None
    sample_type: SampleType | None = None
    age: AgeGroup | None = None
    is_leukopenic: bool | None = None
    wbc_10e9_per_l: float | None = None
    has_no_wbc: bool = False
    details: Mapping[str, str] = field(default_factory=dict)
    objective: str | None = None
    calibration: str = "none"
    scale_um_per_px: float | None = None

    def facts(self, record: SlideRecord) -> SlideFacts:
        """Return the facts of a slide, put right."""
        facts = record.facts
        is_leukopenic = self.is_leukopenic
        wbc = None if self.has_no_wbc else facts.wbc_10e9_per_l
        return replace(
            facts,
            sample_type=self.sample_type or facts.sample_type,
            age=self.age or facts.age,
            is_leukopenic=(
                facts.is_leukopenic if is_leukopenic is None else is_leukopenic
            ),
            wbc_10e9_per_l=self.wbc_10e9_per_l or wbc,
        )

    def identity(self, before: Identity | None) -> Identity:
        """Return whose blood a slide is, put right.

        What differs in its spelling alone stays: an older program kept it as typed, and
        a form sends it back as it is spelt now.
        """
        before = before or Identity(sample="")
        return Identity(
            sample=_right(before.sample, self.sample, label),
            name=_right(before.name, self.name, typed),
            number=_right(before.number, self.number, label),
        )

    def scale(self, record: SlideRecord) -> dict[str, Any]:
        """Return what of a slide's origin another objective changes."""
        if self.objective in (None, objective_of(record)):
            return {}
        return {
            "calibration": self.calibration,
            "scale_um_per_px": self.scale_um_per_px,
        }

    def changes(
        self, record: SlideRecord, identity: Identity | None
    ) -> tuple[Change, ...]:
        """Return what differs from a slide as it stands."""
        details = {"objective": objective_of(record)} | details_of(record)
        objective = {"objective": self.objective or details["objective"]}
        was = _said(record.facts) | details
        now = _said(self.facts(record)) | details | objective | dict(self.details)
        found = [
            Change(what=what, was=was[what], now=now[what])
            for what in was
            if was[what] != now[what]
        ]
        before, after = identity or Identity(sample=""), self.identity(identity)
        found += [
            Change(what=what, was="", now="")  # they stay sealed
            for what in SEALED
            if getattr(before, what) != getattr(after, what)
        ]
        return tuple(found)


def details_of(record: SlideRecord) -> dict[str, str]:
    """Return what was said of a slide beside what the rules ask."""
    return {what: record.details.get(what, usual) for what, usual in DETAILS.items()}


def objective_of(record: SlideRecord) -> str:
    """Return the objective that a slide was looked at under."""
    return record.details.get("objective", MAIN_OBJECTIVE)


def _right(was: str, now: str | None, spelt: Callable[[str], str]) -> str:
    """Return a text put right, in its one spelling; as it was where it is the same."""
    return was if now is None or spelt(was) == spelt(now) else spelt(now)


def _said(facts: SlideFacts) -> dict[str, str]:
    return {
        "sample_type": facts.sample_type.value if facts.sample_type else "unknown",
        "age": facts.age.value,
        "leukopenic": "yes" if facts.is_leukopenic else "no",
        "wbc": "" if facts.wbc_10e9_per_l is None else f"{facts.wbc_10e9_per_l:g}",
    }
