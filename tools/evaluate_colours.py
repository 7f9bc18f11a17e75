"""What a camera's colours cost a bundle, and what one stain for all would give.

    python tools/evaluate_colours.py GATHERED.npz... [--bundle DIR] [--every N]
        [--saturation F]...

Files of `python -m leukoscope_train gather`. Each laboratory's cells are taken for one
slide, with the camera's colours as they are and at a fraction of their saturation, once
as the device judges them and once with all nuclei of one stain
(`tests/rigs/stain_strength.py`), which the device does not do. `found` are the blasts
called blast where 4 in a hundred of the other cells are, so that a lower threshold does
not pass for a gain; what stands behind it is as the card calls. The interval at 95 % is
that of the gain in AUROC over the row above, cells drawn again for both.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from leukoscope_edge.arrays import F64, U8, BoolArray
from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.inference import (
    Card,
    DecisionEntry,
    Engine,
    answers_to,
    open_bundle,
    open_engine,
    shipped_bundle_for,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.stain_strength import of_one_stain

from leukoscope_train.arguments import number, whole
from leukoscope_train.data import LabCells, join, load_cells
from leukoscope_train.evaluation import metrics
from leukoscope_train.teach import kept

FALSE_CALLS = 0.04
N_DRAWS = 300
HEAD = "laboratory, saturation, stain | cells | AUROC | gain | found | blast | normal"


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    try:
        bundle = open_bundle(options.bundle or shipped_bundle_for("real"))
        cells = join(load_cells(path) for path in options.data)
        print(HEAD, "| of others: blast | normal")
        with open_engine(bundle, backend="cpu") as engine:
            for name in dict.fromkeys(cells.laboratories.tolist()):
                own = cells.pick(cells.laboratories == name)
                own = own.pick(np.arange(len(own)) % options.every == 0)
                for line in _lines(engine, bundle.card, own, options.saturation):
                    print(line, flush=True)
    except LeukoscopeError as err:
        print(f"evaluate_colours: {err}", file=sys.stderr)
        return 1
    return 0


def _lines(
    engine: Engine, card: Card, cells: LabCells, saturations: list[float]
) -> Iterator[str]:
    name, decision = cells.laboratories[0], card.decision
    crops = kept(cells, card.input.side_px)
    labels = np.asarray(cells.is_blast) == 1
    for saturation in saturations:
        seen = faded(crops, saturation)
        before = _margins(engine, seen)
        after = _margins(engine, of_one_stain(seen))
        yield _line(decision, f"{name}, {saturation}, its own", labels, before)
        yield _line(decision, f"{name}, {saturation}, one", labels, after, before)


def faded(crops: U8, saturation: float) -> U8:
    """Return crops as a camera of another colour saturation takes them.

    Args:
        crops: (N, side, side, 3) uint8 RGB, 0 where no cell is.
        saturation: 1 leaves them, 0 makes them grey.
    """
    grey = crops.mean(axis=3, keepdims=True)
    made = np.clip(np.rint(saturation * crops + (1 - saturation) * grey), 1, 255)
    inside = crops.max(axis=3, keepdims=True) > 0
    return np.where(inside, made, 0).astype(np.uint8)


def _margins(engine: Engine, crops: U8) -> F64:
    answers = answers_to(engine, list(crops)).astype(np.float64)
    return np.asarray(answers[:, 1] - answers[:, 0], np.float64)


def _line(
    decision: DecisionEntry,
    what: str,
    labels: BoolArray,
    margins: F64,
    before: F64 | None = None,
) -> str:
    p = 1 / (1 + np.exp(-margins / decision.temperature))
    called = (p >= decision.blast_from, p <= decision.normal_to)
    shares = [_share(c[of]) for of in (labels, ~labels) for c in called]
    middle = ["", "", ""]
    if 0 < labels.sum() < len(labels):
        point = np.quantile(margins[~labels], 1 - FALSE_CALLS)
        gain = "" if before is None else _gain(labels, before, margins)
        found = _share(margins[labels] > point)
        middle = [f"{metrics.auroc(labels.astype(np.int64), margins):.3f}", gain, found]
    return " | ".join([what, str(len(labels)), *middle, *shares])


def _gain(labels: BoolArray, before: F64, after: F64) -> str:
    random, gains = np.random.default_rng(0), []
    for _ in range(N_DRAWS):
        at = random.integers(0, len(labels), len(labels))
        drawn = labels[at].astype(np.int64)
        gains.append(metrics.auroc(drawn, after[at]) - metrics.auroc(drawn, before[at]))
    low, high = np.percentile(gains, [2.5, 97.5])
    return f"{low:+.3f} to {high:+.3f}"


def _share(chosen: BoolArray) -> str:
    return f"{chosen.mean():.3f}" if chosen.size else ""


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="+", help="files of `gather`")
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    parser.add_argument(
        "--every", type=whole(1), default=1, help="each so many-th cell"
    )
    parser.add_argument(
        "--saturation", type=number(0, 4), nargs="+", default=[1.0, 0.7, 0.5]
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
