"""Try the counting and its statistics on simulated people, slides and hands.

    python tools/simulate_study.py [--slides N] [--count-seeds N] [--docs DIR] [--json]

Two studies. *Statistics*: for each reader (a model's spread over people) and each true
fraction of blasts, N people are drawn, each with an own sensitivity and false-call
rate, and counted by the stop rule as a technician would who obeys it. *Counting*: the
simulated slide goes down the device's whole road, with a steady hand and with one that
slips, defocuses and pauses; a lost place is found again as the page asks, by going
back. `--docs` writes the table and the plots that `docs/counting.md` shows.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import BLOOD, FRAME_INTERVAL_S, SimulatedCamera, SlidePlan
from leukoscope_edge.counting import (
    CUT_OFF,
    LOOKS,
    Background,
    BetaSpread,
    CallModel,
    CellCall,
    SlideContext,
    binomial_interval,
    call_model,
    conclude,
    confidence_interval,
    posterior,
    state_after,
)
from leukoscope_edge.inference import OnnxCpuEngine, open_bundle, shipped_bundle_for
from leukoscope_edge.outcome import Refusal, StopState
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.types import CallName, Frame
from leukoscope_edge.vision import TrackingState
from leukoscope_train.evaluation import run_simulated

LEVELS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.10, 0.20, 0.40, 0.80)
"""True fractions of blasts."""
N_CELLS = 200
"""Of the slides on which coverage is measured: a count of suspected leukemia."""
GOOD_TRUE, GOOD_FALSE = BetaSpread(alpha=90, beta=10), BetaSpread(alpha=1, beta=99)
"""A model to hope for: 90 % of blasts, 1 % of normal cells, people nearly alike."""
JUMP_FRAMES = (8, 20)
"""How far along its path the hand slips: a third to a whole view, or more."""
DEFOCUS_SIGMA_PX, DEFOCUS_FRAMES = 4.0, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRow:
    """What became of all slides of one reader at one true fraction of blasts.

    Attributes:
        reader: Whose spread.
        blasts: True fraction.
        coverage: Share of 200-cell slides whose confidence interval holds the truth.
        coverage_posterior: The same for the posterior's interval.
        coverage_naive: The same for the exact interval of calls, errors forgotten.
        alarm: Share of slides, counted by the stop rule, with a verdict above the
            background.
        send: Those of them sent today.
        rule_error: Share on which the rule claims the wrong side of its cut-off; at
            the cut-off itself any claim is wrong.
        cells: Mean number counted.
    """

    reader: str
    blasts: float
    coverage: float
    coverage_posterior: float
    coverage_naive: float
    alarm: float
    send: float
    rule_error: float
    cells: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """One simulated slide."""

    seed: int
    hand: str
    n_true: int
    n_counted: int
    n_islands: int
    seconds_per_cell: float

    @property
    def ratio(self) -> float:
        """Counted / true."""
        return self.n_counted / self.n_true


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parse(arguments)
    readers = shipped_readers()
    rows = [
        row
        for name, model in readers.items()
        for row in study_levels(name, model, options.slides)
    ]
    counts = study_counts(options.count_seeds, options.cells)
    found = summary(rows, counts)
    if options.docs:
        write_docs(options.docs, rows, counts)
    print(json.dumps(found, indent=1) if options.json else table_text(rows, counts))
    return 0


def shipped_readers() -> dict[str, CallModel]:
    """Return the readers: both shipped bundles, and a model to hope for."""
    readers = {"a good model": call_model(GOOD_TRUE, GOOD_FALSE)}
    for domain in ("real", "simulated"):
        card = open_bundle(shipped_bundle_for(domain)).card
        readers[card.id] = card.call_model
    return readers


def study_levels(name: str, model: CallModel, n_slides: int) -> Iterator[LevelRow]:
    """Count many people's slides at every true fraction of blasts."""
    table = _interval_table(model)
    random = np.random.default_rng(0)
    for blasts in LEVELS:
        calls = draw_calls(model, blasts, n_slides, random)
        k = calls[:, :N_CELLS].sum(axis=1)
        held = [
            float(np.mean((lo[k] <= blasts) & (blasts <= hi[k]))) for lo, hi in table
        ]
        ends = [count_by_rule(model, np.cumsum(c)) for c in calls]
        yield LevelRow(
            reader=name,
            blasts=blasts,
            coverage=held[0],
            coverage_posterior=held[1],
            coverage_naive=held[2],
            alarm=float(np.mean([e[0] in ("blasts", "few") for e in ends])),
            send=float(np.mean([e[0] == "blasts" for e in ends])),
            rule_error=float(np.mean([_is_wrong(e[1], blasts) for e in ends])),
            cells=float(np.mean([e[1].look for e in ends])),
        )


def draw_calls(
    model: CallModel, blasts: float, n_slides: int, random: np.random.Generator
) -> np.ndarray:
    """Return (n_slides, 500) bool: whether each cell of each person is called blast."""
    spreads = model.true_calls, model.false_calls
    called, mistaken = (random.beta(s.alpha, s.beta, (n_slides, 1)) for s in spreads)
    size = (n_slides, LOOKS[-1])
    is_blast = random.random(size) < blasts
    return np.asarray(random.random(size) < np.where(is_blast, called, mistaken))


def count_by_rule(model: CallModel, n_called: np.ndarray) -> tuple[str, StopState]:
    """Count until the stop rule says stop; return the verdict's name and the rule.

    Args:
        model: The reader.
        n_called: (500,) int64, cells called blast among the first 1..500.
    """
    for n in LOOKS:
        name, state = _look(model, int(n_called[n - 1]), n)
        if not state.keep_going:
            return name, state
    raise ValueError("the stop rule goes on past its last look")


@cache
def _look(model: CallModel, k: int, n: int) -> tuple[str, StopState]:
    """Return the verdict on k of n called, and what the rule sees at this look."""
    blast, normal = (
        CellCall(model=name, person=None) for name in (CallName.BLAST, CallName.NORMAL)
    )
    context = SlideContext(
        facts=SIMULATED_SAMPLE,
        background=Background(model=model, measured_by="bundle"),
        is_scale_known=True,
        quality=(),
        doubts=(),
        is_over=True,
    )
    outcome = conclude([blast] * k + [normal] * (n - k), context)
    name = "none-possible" if isinstance(outcome, Refusal) else outcome.name.value
    return name, state_after(model, [(k, n)])


def _is_wrong(state: StopState, blasts: float) -> bool:
    if blasts == CUT_OFF:
        return state.claim is not None
    return state.claim == ("below" if blasts > CUT_OFF else "above")


def _interval_table(model: CallModel) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return three kinds of interval, each as lows and highs by the count of calls."""
    counts = range(N_CELLS + 1)
    kinds = (
        [confidence_interval(model, k, N_CELLS) for k in counts],
        [posterior(model, k, N_CELLS, CUT_OFF).interval for k in counts],
        [binomial_interval(k, N_CELLS) for k in counts],
    )
    return [
        (np.array([i.low for i in kind]), np.array([i.high for i in kind]))
        for kind in kinds
    ]


def study_counts(n_seeds: int, n_cells: int) -> list[CountRow]:
    """Count simulated slides with a steady hand and with one that slips."""
    return [
        count_slide(seed, n_cells, n_jumps=n_jumps)
        for n_jumps in (0, 3)
        for seed in range(1, n_seeds + 1)
    ]


def count_slide(seed: int, n_cells: int, *, n_jumps: int) -> CountRow:
    """Take one slide down the device's road, and go back where the place is lost."""
    camera = SimulatedCamera(SlidePlan(seed=seed, cells=n_cells, jerks=0))
    bundle = open_bundle(shipped_bundle_for("simulated"))
    random = np.random.default_rng([seed, n_jumps])
    hand = Hand(len(camera.places_px), n_jumps, random)
    with OnnxCpuEngine(bundle, n_threads=1) as engine:
        run = run_simulated(engine, bundle, camera.scale_um_per_px)
        while hand.number is not None:
            frame = hand.show(camera)
            place = run.look(frame).place
            hand.move(place.state if place else TrackingState.TRACKING)
        found = run.finish(f"simulated:seed={seed}")
    path_s = len(camera.places_px) * FRAME_INTERVAL_S
    return CountRow(
        seed=seed,
        hand=f"{n_jumps} jerks, defocus" if n_jumps else "steady",
        n_true=len(camera.truth),
        n_counted=len(found.cells),
        n_islands=found.tally.n_islands,
        seconds_per_cell=path_s / n_cells * BLOOD.cells_per_field,
    )


class Hand:
    """Moves the slide along its path, slips now and then, and obeys the page.

    A slip skips a stretch of the path; as many stretches are out of focus. Where the
    place is lost, the hand goes back to where it last was known.
    """

    def __init__(self, n_places: int, n_jumps: int, random: np.random.Generator):
        """Choose where the hand slips and where the focus is lost."""
        inner = np.arange(n_places // 6, n_places * 5 // 6)
        self.number: int | None = 0
        self._n_places = n_places
        self._jumps = {
            int(at): int(random.integers(*JUMP_FRAMES))
            for at in random.choice(inner, n_jumps, replace=False)
        }
        self._blurs = random.choice(inner, n_jumps, replace=False)
        self._last_known = 0
        self._n_shown = 0

    def show(self, camera: SimulatedCamera) -> Frame:
        """Return the frame here."""
        number = self.number or 0
        is_soft = any(0 <= number - at < DEFOCUS_FRAMES for at in self._blurs)
        pixels = camera.render(number)
        self._n_shown += 1
        return Frame(
            name=f"frame {self._n_shown:06d}",
            pixels=_defocused(pixels) if is_soft else pixels,
            time_s=self._n_shown * FRAME_INTERVAL_S,
        )

    def move(self, state: TrackingState) -> None:
        """Go on, or back where the page says that the place is lost."""
        number = self.number or 0
        if state is TrackingState.TRACKING:
            self._last_known = number
        if state is TrackingState.LOST:
            after = max(self._last_known - 1, 0)
        else:
            after = number + self._jumps.pop(number, 1)
        self.number = after if after < self._n_places else None


def _defocused(pixels: U8) -> U8:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), DEFOCUS_SIGMA_PX), np.uint8)


def summary(
    rows: Sequence[LevelRow], counts: Sequence[CountRow]
) -> dict[str, float | None]:
    """Return the figures that stand for the whole study, the worst of each."""
    shipped = open_bundle(shipped_bundle_for("real")).card.id
    healthy = [r for r in rows if r.blasts == 0]
    return {
        "coverage_min": min(r.coverage for r in rows),
        "coverage_max": max(r.coverage for r in rows),
        "stop_rule_error": max(r.rule_error for r in rows),
        "false_alarm_healthy": next(r.alarm for r in healthy if r.reader == shipped),
        "false_alarm_healthy_worst": max(r.alarm for r in healthy),
        "count_ratio_worst": max(
            (c.ratio for c in counts), key=lambda r: abs(r - 1), default=None
        ),
    }


def table_text(rows: Sequence[LevelRow], counts: Sequence[CountRow]) -> str:
    """Return both studies as Markdown tables."""
    lines = [
        "| reader | blasts % | interval holds truth % | posterior | naive | alarm % | "
        "sent today % | rule wrong % | cells |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        shares = (r.coverage, r.coverage_posterior, r.coverage_naive, r.alarm, r.send)
        cells = " | ".join(f"{100 * s:.1f}" for s in (*shares, r.rule_error))
        lines.append(f"| {r.reader} | {100 * r.blasts:g} | {cells} | {r.cells:.0f} |")
    lines += [
        "",
        "| hand | slides | counted / true: worst | mean | seconds a cell |",
        "|---|---|---|---|---|",
    ]
    for hand in dict.fromkeys(c.hand for c in counts):
        ratios = [c.ratio for c in counts if c.hand == hand]
        worst = max(ratios, key=lambda r: abs(r - 1))
        taken_s = np.mean([c.seconds_per_cell for c in counts if c.hand == hand])
        lines.append(
            f"| {hand} | {len(ratios)} | {worst:.3f} | {np.mean(ratios):.3f} "
            f"| {taken_s:.1f} |"
        )
    return "\n".join(lines)


def write_docs(
    folder: Path, rows: Sequence[LevelRow], counts: Sequence[CountRow]
) -> None:
    """Write the tables and the two plots."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.fonttype"] = "none"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.md").write_text(table_text(rows, counts) + "\n")
    keys = ("coverage", "coverage_posterior", "coverage_naive")
    _plot(folder / "coverage.svg", rows, keys, "slides whose interval holds the truth")
    _plot(folder / "verdict.svg", rows, ("alarm", "send"), "slides")


def _plot(
    path: Path, rows: Sequence[LevelRow], keys: Sequence[str], label: str
) -> None:
    from matplotlib import pyplot as plt

    readers = list(dict.fromkeys(r.reader for r in rows))
    figure, axes = plt.subplots(
        1, len(readers), figsize=(9, 2.8), sharey=True, layout="constrained"
    )
    for axis, reader in zip(axes, readers, strict=True):
        own = [r for r in rows if r.reader == reader]
        for key in keys:
            axis.plot(
                range(len(own)), [getattr(r, key) for r in own], "o-", ms=3, label=key
            )
        axis.set_title(reader, fontsize=9)
        axis.set_xticks(
            range(len(own)), [f"{100 * r.blasts:g}" for r in own], fontsize=7
        )
        axis.set_xlabel("true blasts %", fontsize=8)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel(label, fontsize=8)
    axes[-1].legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--slides", type=int, default=10_000, help="people per level")
    parser.add_argument("--count-seeds", type=int, default=20, help="slides per hand")
    parser.add_argument("--cells", type=int, default=60, help="on each counted slide")
    parser.add_argument("--docs", type=Path, help="write tables and plots here")
    parser.add_argument("--json", action="store_true", help="the summary as one object")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
