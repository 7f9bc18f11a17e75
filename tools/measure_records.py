"""Measure what the records cost: keeping a cell, a word, a signature, each file.

    python tools/measure_records.py [--cells 200] [--suspects 40] [--runs 5]
        [--language ar] [--json]

Pictures are noise, which compresses worst. The report is printed for a Latin name and
for names in Devanagari and Arabic, whose fonts must be found, shaped and cut down; the
first one loads the PDF library. Every file that may leave is then made in `--language`,
with a differential. How long the gallery takes to open in a browser:
`tools/measure_page.py`.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from leukoscope_edge.i18n import Language, language_codes, languages
from leukoscope_edge.records import Store, open_store
from leukoscope_edge.records.exports import FORMATS, file_of, open_version, write_pdf
from leukoscope_edge.types import Reading, Tally
from leukoscope_train.evaluation import noise_cell, noise_set_up, noise_verdict

SIDE_PX = 96
KINDS = ("neutrophil",) * 12 + ("lymphocyte",) * 6 + ("monocyte", "eosinophil")
NAMES = {"latin": "Ann Other", "shaped": "आशा देवी / فاطمة الزهراء"}


def _ms(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - start)


def _one_slide(
    store: Store, name: str, n_cells: int, n_suspects: int, language: Language
) -> dict[str, float]:
    """Keep, judge, sign, print and export one slide; return milliseconds."""
    verdict = noise_verdict(n_cells, n_suspects)
    set_up = noise_set_up("S", name=name)
    slide = store.start_slide(set_up, "ann")
    cells = [
        noise_cell(
            i,
            side_px=SIDE_PX,
            is_blast=i <= n_suspects,
            n_sightings=3,
            kinds=((KINDS[i % len(KINDS)], 0.9), ("blast", 0.1)),
        )
        for i in range(1, n_cells + 1)
    ]
    add = store.count.add_cells
    keep_ms = [_ms(partial(add, slide, [cell], frames={})) for cell in cells]
    store.count.finish_count(slide, verdict, "ann", tally=Tally())
    judge = partial(store.review.judge_cell, slide, word=Reading.NORMAL, by="ann")
    judge_ms = [
        _ms(partial(judge, str(i), key=f"{slide}-{i}"))
        for i in range(1, n_suspects + 11)
    ]

    def sign_and_print() -> None:
        store.review.sign(slide, lambda _: verdict, "ann", key=f"{slide}-sign")
        write_pdf(store, slide, "ann")

    found = {
        "keep_cell_ms": statistics.median(keep_ms),
        "judge_cell_ms": statistics.median(judge_ms),
        "sign_to_pdf_ms": _ms(sign_and_print),
    }
    version = open_version(store, slide)
    return found | {
        f"{suffix}_ms": _ms(partial(file_of, version, suffix, language))
        for suffix in FORMATS
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--suspects", type=int, default=40)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--language", choices=language_codes(), default="en")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sizes = options.cells, options.suspects
    runs: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        for _ in range(options.runs):
            for script, name in NAMES.items():
                times = _one_slide(store, name, *sizes, languages()[options.language])
                for what, ms in times.items():
                    runs.setdefault(f"{what} {script}", []).append(ms)
    result = {
        what: {"median": round(statistics.median(ms), 1), "max": round(max(ms), 1)}
        for what, ms in runs.items()
    }
    if options.json:
        print(json.dumps(result))
        return
    for what, numbers in result.items():
        print(f"{what:<24} median {numbers['median']:>8}  max {numbers['max']:>8}")


if __name__ == "__main__":
    main()
