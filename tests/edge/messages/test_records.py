"""What is said of a slide's records: every step and every state of one has a name."""

import re

from leukoscope_edge.messages.records import RECORDS
from leukoscope_edge.records.slides import Action, SlideState


def test_each_step_and_state_of_a_slide_has_its_name() -> None:
    steps = {i: t for i, t in RECORDS.items() if i.startswith("step-")}
    states = {i: t for i, t in RECORDS.items() if i.startswith("state-")}
    named = {f"step-{a.value.replace(' ', '-')}": a.value for a in Action}
    assert steps == named | {"step-count": "count it"}
    assert states == {f"state-{s.value}": s.value for s in SlideState}


def test_what_is_said_of_a_slide_names_the_slide_alone() -> None:
    of_slides = [t for t in RECORDS.values() if t.startswith("slide ")]
    assert len(of_slides) > 10
    assert all(re.match(r"slide \{slide\}[: ]", t) for t in of_slides)
