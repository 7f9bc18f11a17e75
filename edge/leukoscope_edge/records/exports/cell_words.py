"""What is said under a cell's picture, on the page and on every report alike."""

from leukoscope_edge.messages import Message, Say, message
from leukoscope_edge.records.slides.cell_record import CellRecord
from leukoscope_edge.types import Reading

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


def model_said(cell: CellRecord, say: Say = str) -> str:
    """Return the model's call as `called` has it, and that the model says so."""
    return message("model-said", called=called(cell, say)).said(say)


def called(cell: CellRecord, say: Say = str) -> str:
    """Return a call with its probability of a blast, named as that; "" where none.

    A number alone beside the call's name is read as that name's: "Normal 0.03" as
    hardly normal. Where the cell is unclear whatever the probability, why it is.

    Args:
        cell: The probability is calibrated, and never said to be certain.
        say: The reader's language.
    """
    if cell.call is None:
        return ""
    percent = 100 * (cell.p_blast or 0.0)
    shown = "<1" if percent < 1 else ">99" if percent > 99 else f"{percent:.0f}"
    word = say(WORDS[Reading(cell.call.value)])
    said = message("word-p-blast", word=word, p=shown).said(say)
    why = why_unclear(cell)
    return (
        message("called-why", called=said, why=why.said(say)).said(say) if why else said
    )


def why_unclear(cell: CellRecord) -> Message | None:
    """Return why a cell is unclear whatever the model thinks of it, None elsewhere."""
    if cell.is_off_scale:
        return message("off-scale")
    return message("unlike-known") if cell.is_unlike else None


def capital(text: str) -> str:
    """Return a text with a capital in front."""
    return text[:1].upper() + text[1:]
