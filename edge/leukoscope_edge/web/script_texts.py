"""The texts that scripts show, in one language, as one object for the page."""

from leukoscope_edge.i18n import Language
from leukoscope_edge.quality import GOLDEN_NOTE
from leukoscope_edge.records.slides import CHANGED
from leukoscope_edge.web.security import REFUSALS

TEXTS = {
    "again": "The device does not answer. Trying again ...",
    "field": "Look at this field again: {field}",
    "hidden": "This field holds hidden signs that turn writing around: type it anew: "
    "{field}",
    "kb_name": "Keyboard on the screen",
    "kb_delete": "Delete",
    "kb_enter": "Enter key",
    "kb_hide": "Hide the keyboard",
    "kb_letters": "Letters",
    "kb_shift": "Shift",
    "kb_signs": "Signs",
    "kb_space": "Space",
    "locks": "The page locks soon. Touch it to stay; what you typed is kept.",
    "v_choose": "Choose one.",
    "v_missing": "Fill this in.",
    "v_number": "Type a number.",
    "v_other": "Look at this field again.",
    "v_range": "From {low} to {high}.",
    "v_short": "At least {n} characters.",
    **{text: text for text in (*REFUSALS, CHANGED.said())},
}

LIGHTS = {
    "focus": "Focus",
    "plasma_level": "Light",
    "clipped_fraction": "Glare",
    "plasma_colour_ratio": "Colour",
    "covered_fraction": "Thickness",
    "stain_levels": "Stain",
    "smear_ratio": "Motion",
    "contrast_levels": "Contrast",
}
"""The measures of a frame that have a light on "Get ready"."""
SIGNS = (
    "Camera",
    "Model",
    "Runs on",
    "Cells found by",
    "Screening",
    "Disk, slides",
    "Temperature",
    "Memory",
    "Frames a second",
    "Restarts",
    "Clock",
    "Quality test",
)
"""What `leukoscope_edge.web.health` says something about."""
STATES = (
    "on",
    "{why}: call service",
    "the {part} process {what}, repeatedly",
    "stood still",
    "ended with signal {n}",
    "ended with exit code {n}",
    "{n} s ago",
    "locked",
    "not locked",
    "not calibrated",
    "the power supply is too weak",
    "the processor is slowed down",
    "trusted",
    "behind",
    "far ahead",
    "not run yet",
    "the processor",
    "the accelerator",
)
"""How it can be there; what stands in braces is recognised (`i18n.py`)."""
GOLDEN = "Stored cells"


def trend_names(language: Language) -> dict[str, str]:
    """Return the names of the trends in a language, by figure."""
    return {**light_names(language), GOLDEN_NOTE: language(GOLDEN)}


def light_names(language: Language) -> dict[str, str]:
    """Return the names of the lights in a language, by measure."""
    return {measure: language(name) for measure, name in LIGHTS.items()}


def words_for(language: Language) -> dict[str, str]:
    """Return the scripts' texts in a language."""
    return {key: language(text) for key, text in TEXTS.items()}
