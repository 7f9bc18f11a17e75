"""The files of one screening, made and written together."""

from collections.abc import Callable
from pathlib import Path

from leukoscope_edge.durable import write_whole
from leukoscope_edge.i18n import ENGLISH, Language
from leukoscope_edge.records.exports.html_report import report_bytes
from leukoscope_edge.records.exports.result_json import result_bytes
from leukoscope_edge.records.exports.text_table import cells_csv_bytes
from leukoscope_edge.screening_result import Screening

RESULT_FILES: dict[str, Callable[[Screening, Language], bytes]] = {
    "report.html": report_bytes,
    "cells.csv": lambda screening, _: cells_csv_bytes(screening),
    # Last: where it stands, the others are whole.
    "result.json": lambda screening, _: result_bytes(screening),
}


def make_result_files(
    screening: Screening, language: Language = ENGLISH
) -> dict[str, bytes]:
    """Return the files of a screening by name.

    Args:
        screening: What came of it.
        language: Of the report; what programs read is the same in any language.
    """
    return {name: make(screening, language) for name, make in RESULT_FILES.items()}


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write files one after the other, each whole or not at all.

    Raises:
        OutputError: One cannot be written; those behind it are not there then.
    """
    for name, data in files.items():
        write_whole(folder / name, data)
