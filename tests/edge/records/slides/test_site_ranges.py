"""What is usual at this site: its own file, or the shipped one."""

from typing import Any

from leukoscope_edge.records.exports.facts import facts
from leukoscope_edge.records.exports.slide_version import open_dossier
from leukoscope_edge.records.slides.site_ranges import RANGES_NAME


def test_a_sites_own_ranges_count_and_a_broken_file_keeps_no_result_back(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    slide = kinds_slide(verdict)
    (bench.folder / RANGES_NAME).write_text("[adult]\n")
    dossier = open_dossier(bench.store, slide)
    assert dossier.ranges is None
    said = " ".join(f.said(str) for f in facts(dossier))
    assert "No usual ranges: reference_ranges.toml: missing key" in said
