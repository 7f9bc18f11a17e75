"""Measure what leaves: the time to make each file of a slide with a differential.

    python tools/measure_exports.py [--cells 200] [--suspects 40] [--rounds 5]
        [--language ar]

Prints JSON: for each format the median and the longest time in seconds, and its bytes.
The first PDF loads the PDF library and the fonts; it is told apart. How long the
gallery takes to open in a browser: `tools/measure_page.py`.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from leukoscope_edge.i18n import Language, language_codes, languages
from leukoscope_edge.records import open_store
from leukoscope_edge.records.exports import FORMATS, SlideVersion, file_of, open_version
from leukoscope_edge.types import Cell, Tally
from leukoscope_train.evaluation import noise_cell, noise_set_up, noise_verdict

SIDE_PX = 128
KINDS = ("neutrophil",) * 12 + ("lymphocyte",) * 6 + ("monocyte", "eosinophil")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--suspects", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--language", choices=language_codes(), default="en")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        version = filled(Path(folder), options.cells, options.suspects)
        language = languages()[options.language]
        print(json.dumps(dict(measured(version, options.rounds, language)), indent=1))


def measured(
    version: SlideVersion, n_rounds: int, language: Language
) -> Iterator[tuple[str, object]]:
    """Yield how long each file takes."""
    yield "first pdf, s", round(timed(version, "pdf", language)[0], 3)
    for suffix in FORMATS:
        times_s, n_bytes = zip(
            *(timed(version, suffix, language) for _ in range(n_rounds)), strict=True
        )
        found = {"median_s": statistics.median(times_s), "longest_s": max(times_s)}
        rounded = {name: round(value, 3) for name, value in found.items()}
        yield suffix, rounded | {"bytes": n_bytes[0]}


def timed(version: SlideVersion, suffix: str, language: Language) -> tuple[float, int]:
    """Return how long one file takes, and its bytes."""
    begin_s = time.perf_counter()
    data = file_of(version, suffix, language)
    return time.perf_counter() - begin_s, len(data)


def filled(folder: Path, n_cells: int, n_suspects: int) -> SlideVersion:
    """Return a finished slide, so many of its cells suspect."""
    store = open_store(folder)
    set_up = noise_set_up("S-1", wbc=6.2)
    slide = store.start_slide(set_up, "measured")
    store.count.add_cells(
        slide, [cell(i, n_suspects) for i in range(n_cells)], frames={}
    )
    verdict = noise_verdict(n_cells, n_suspects)
    store.count.finish_count(slide, verdict, "measured", tally=Tally(n_smudges=3))
    return open_version(store, slide)


def cell(number: int, n_suspects: int) -> Cell:
    """Return a cell of one kind or another, a suspect or not."""
    return noise_cell(
        number + 1,
        side_px=SIDE_PX,
        is_blast=number < n_suspects,
        kinds=((KINDS[number % len(KINDS)], 0.9), ("blast", 0.1)),
    )


if __name__ == "__main__":
    main()
