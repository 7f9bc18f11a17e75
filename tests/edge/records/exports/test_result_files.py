"""The files of one screening, made and written together."""

from dataclasses import replace

import pytest
from tests.edge.records.one_screening import SCREENING

from leukoscope_edge.records.exports import INTENDED_USE, result_bytes, table_text
from leukoscope_edge.records.exports.html_report import report_bytes


@pytest.mark.parametrize("make", [report_bytes, result_bytes])
def test_a_simulation_is_marked_everywhere(make: object) -> None:
    assert b"SIMULATION" not in make(SCREENING)  # type: ignore[operator]
    simulated = replace(SCREENING, domain="simulated")
    assert b"SIMULATION" in make(simulated)  # type: ignore[operator]
    assert "SIMULATION" in table_text(simulated)


@pytest.mark.parametrize("make", [report_bytes, result_bytes])
def test_the_intended_use_stands_on_every_result(make: object) -> None:
    assert INTENDED_USE.encode() in make(SCREENING)  # type: ignore[operator]
    assert INTENDED_USE in table_text(SCREENING)
