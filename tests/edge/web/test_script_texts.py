"""What the machine says, and what scripts show, in the language of whoever reads."""

import numpy as np

from leukoscope_edge.i18n import ENGLISH, Language
from leukoscope_edge.messages import message, said_by
from leukoscope_edge.quality import GOLDEN_NOTE
from leukoscope_edge.vision import assess
from leukoscope_edge.web.script_texts import (
    GOLDEN,
    LIGHTS,
    TEXTS,
    light_names,
    trend_names,
    words_for,
)

OF_THE_CAMERA = {"side_px", "finite_fraction"}
"""Measures that no hand at the stage changes."""
OTHER = Language(
    code="xx",
    name="Other",
    words={
        "Focus": "FOCUS",
        GOLDEN: "GOLDEN",
        "Delete": "DELETE",
        "the disk is full": "DISK",
    },
)


def test_every_measure_of_a_frame_has_a_light() -> None:
    frame = np.full((480, 640, 3), 200, np.uint8)
    measures = {m.name for m in assess(frame).measures}
    assert measures - OF_THE_CAMERA == set(LIGHTS)


def test_lights_and_trends_are_named_in_the_language() -> None:
    assert light_names(ENGLISH) == LIGHTS
    assert light_names(OTHER) == LIGHTS | {"focus": "FOCUS"}
    assert trend_names(OTHER) == light_names(OTHER) | {GOLDEN_NOTE: "GOLDEN"}


def test_the_scripts_have_every_text_in_the_language() -> None:
    assert words_for(ENGLISH) == TEXTS
    assert words_for(OTHER) == TEXTS | {"kb_delete": "DELETE"}


def test_a_message_and_a_sentence_are_said_in_the_language() -> None:
    assert said_by("the disk is full", OTHER) == "DISK"
    assert said_by("nobody translated this", OTHER) == "nobody translated this"
    assert said_by(message("test"), ENGLISH) == message("test").said()
