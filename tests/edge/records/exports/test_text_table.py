"""The table of a screening: for a terminal, and for a spreadsheet."""

import csv
import io
from dataclasses import replace

from tests.edge.records.one_screening import SCREENING, cell

from leukoscope_edge.records.exports.text_table import cells_csv_bytes
from leukoscope_edge.types import CallName


def test_csv_is_harmless_in_a_spreadsheet() -> None:
    bad = replace(SCREENING, cells=(cell(1, CallName.BLAST, 0.9, "=cmd()"),))
    rows = list(csv.DictReader(io.StringIO(cells_csv_bytes(bad).decode())))
    assert rows[0]["image"] == "'=cmd()"
    assert rows[0]["x1_px"] == "30"
