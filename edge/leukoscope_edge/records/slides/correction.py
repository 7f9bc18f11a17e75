"""What is to be put right of a slide's facts: values in, changes out."""

from dataclasses import dataclass, replace
from typing import Any

from leukoscope_edge.profile import MAIN_OBJECTIVE
from leukoscope_edge.records.changes import Change
from leukoscope_edge.records.slides.slide import Identity, SlideRecord
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """The facts as they should be; None leaves one as it is.

    Attributes:
        sample: The sample's label.
        sample_type: Blood or marrow.
        age: A child's, an adult's, or not known.
        is_leukopenic: The person is known to have few white cells.
        wbc_10e9_per_l: White cells of a litre of blood, in thousand millions.
        objective: The objective that it was looked at under.
        calibration: Of that objective: its id, `none` where nobody calibrated it.
        scale_um_per_px: Of that objective, None where nobody calibrated it.
    """

    sample: str | None = None
    sample_type: SampleType | None = None
    age: AgeGroup | None = None
    is_leukopenic: bool | None = None
    wbc_10e9_per_l: float | None = None
    objective: str | None = None
    calibration: str = "none"
    scale_um_per_px: float | None = None

    def facts(self, record: SlideRecord) -> SlideFacts:
        """Return the facts of a slide, put right."""
        facts = record.facts
        is_leukopenic = self.is_leukopenic
        return replace(
            facts,
            sample_type=self.sample_type or facts.sample_type,
            age=self.age or facts.age,
            is_leukopenic=(
                facts.is_leukopenic if is_leukopenic is None else is_leukopenic
            ),
            wbc_10e9_per_l=self.wbc_10e9_per_l or facts.wbc_10e9_per_l,
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
        was, now = _said(record.facts), _said(self.facts(record))
        was["objective"] = objective_of(record)
        now["objective"] = self.objective or was["objective"]
        found = [
            Change(what=what, was=was[what], now=now[what])
            for what in was
            if was[what] != now[what]
        ]
        if self.sample is not None and (not identity or self.sample != identity.sample):
            found.append(Change(what="sample", was="", now=""))  # they stay sealed
        return tuple(found)


def objective_of(record: SlideRecord) -> str:
    """Return the objective that a slide was looked at under."""
    return record.details.get("objective", MAIN_OBJECTIVE)


def _said(facts: SlideFacts) -> dict[str, str]:
    return {
        "sample_type": facts.sample_type.value if facts.sample_type else "unknown",
        "age": facts.age.value,
        "leukopenic": "yes" if facts.is_leukopenic else "no",
        "wbc": "" if facts.wbc_10e9_per_l is None else f"{facts.wbc_10e9_per_l:g}",
    }
