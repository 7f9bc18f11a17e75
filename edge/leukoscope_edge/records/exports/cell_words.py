"""What is said under a cell's picture, on the page and on every report alike."""

from leukoscope_edge.messages import Say, message
from leukoscope_edge.types import CallName, Reading

WORDS = {
    Reading.BLAST: "blast-like",
    Reading.NORMAL: "normal",
    Reading.UNCLEAR: "unclear",
    Reading.NOT_A_CELL: "not a cell",
}

KINDS = {
    "blast": "Blasts",
    "neutrophil": "Neutrophils",
    "immature granulocyte": "Immature granulocytes",
    "eosinophil": "Eosinophils",
    "basophil": "Basophils",
    "lymphocyte": "Lymphocytes",
    "monocyte": "Monocytes",
    "erythroblast": "Erythroblasts",
    "smudge": "Smudge cells",
    "": "Normal, kind not told",
}
"""What a kind is called where several cells are of it."""


KIND_OF_ONE = {
    "neutrophil": "Neutrophil",
    "immature granulocyte": "Immature granulocyte",
    "eosinophil": "Eosinophil",
    "basophil": "Basophil",
    "lymphocyte": "Lymphocyte",
    "monocyte": "Monocyte",
    "erythroblast": "Erythroblast",
}
"""What one cell of a kind is called: every kind that a person may name."""
KIND_KEYS = {
    "neutrophil": "N",
    "immature granulocyte": "I",
    "eosinophil": "E",
    "basophil": "A",
    "lymphocyte": "L",
    "monocyte": "M",
    "erythroblast": "R",
}
"""The key that names a cell so in the review."""


def model_said(call: CallName, p_blast: float, say: Say = str) -> str:
    """Return the model's call as `called` has it, and that the model says so."""
    return message("model-said", called=called(call, p_blast, say)).said(say)


def called(call: CallName, p_blast: float, say: Say = str) -> str:
    """Return a call with its probability of a blast, named as that.

    A number alone beside the call's name is read as that name's: "Normal 0.03" as
    hardly normal.

    Args:
        call: What the model calls the cell.
        p_blast: Calibrated, 0..1; never said to be certain.
        say: The reader's language.
    """
    percent = 100 * p_blast
    shown = "<1" if percent < 1 else ">99" if percent > 99 else f"{percent:.0f}"
    word = say(WORDS[Reading(call.value)])
    return message("word-p-blast", word=word, p=shown).said(say)


def capital(text: str) -> str:
    """Return a text with a capital in front."""
    return text[:1].upper() + text[1:]
