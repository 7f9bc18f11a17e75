"""A slide of thousands of suspects makes files that a laboratory's system takes."""

from typing import Any

from tests.edge.records.bench import make_cell

from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.records.exports import FORMATS, file_of, open_version
from leukoscope_edge.records.exports.slide_version import MAX_SHOWN
from leukoscope_edge.types import CallName, Tally

N_SUSPECTS = 2268
MOST_BYTES = {"pdf": 1_000_000, "fhir.json": 1_500_000}
"""Without a limit 33 and 44 MB. The PDF lies in the FHIR file, a third longer there."""


def test_a_slide_of_2268_suspects_makes_files_that_can_be_sent(bench: Any) -> None:
    slide = bench.counted(n=2)
    suspects = (make_cell(i, CallName.BLAST, 0.9) for i in range(N_SUSPECTS))
    bench.store.count.add_cells(slide, list(suspects), frames={})
    refusal = Refusal(reason=message("test"))
    bench.store.count.finish_count(slide, refusal, "ann", tally=Tally())
    version = open_version(bench.store, slide)
    assert version.n_suspects >= N_SUSPECTS
    assert len(version.views) == MAX_SHOWN
    sizes = {suffix: len(file_of(version, suffix)) for suffix in FORMATS}
    assert all(sizes[suffix] < most for suffix, most in MOST_BYTES.items()), sizes
    names = [c.view for c in version.shown]
    n_bytes = bench.store.pictures.n_bytes(slide, names)
    assert n_bytes == sum(len(png) for png in version.views.values())
    for suffix, size in sizes.items():
        about = FORMATS[suffix].about_bytes(len(version.record.cells), n_bytes)
        assert 0.8 * size < about < 1.25 * size, suffix
