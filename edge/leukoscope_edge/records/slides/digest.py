"""What a signer saw, as one short text: what is signed must be the same."""

import hashlib

from leukoscope_edge.messages import message
from leukoscope_edge.records.events import canonical
from leukoscope_edge.records.slides.correction import details_of, objective_of
from leukoscope_edge.records.slides.slide import Outcome, SlideRecord
from leukoscope_edge.records.slides.slide_objects import facts_object, outcome_object

CHANGED = message("result-changed")


def digest_of(record: SlideRecord, outcome: Outcome) -> str:
    """Return the sha256 of a result with the facts that stand beside it.

    Args:
        record: The slide; what is said of it stands on the page as well.
        outcome: The result that is shown.
    """
    shown = {
        "outcome": outcome_object(outcome),
        "facts": facts_object(record.facts),
        "identity": record.sealed,
        "objective": objective_of(record),
        "details": details_of(record),
        "version": record.version,
        "kinds": {c.id: c.final_kind for c in record.counted},
    }
    return hashlib.sha256(canonical(shown).encode()).hexdigest()
