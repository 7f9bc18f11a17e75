"""Every figure that was asked of the models, beside what each of them reached.

A figure is met, missed or was not measured, and the table says which. Nothing is
measured here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from leukoscope_edge.counting import binomial_interval
from leukoscope_edge.inference import Card
from leukoscope_train.evaluation.slides import slide_row
from leukoscope_train.evaluation.tables import markdown_table

SLIDE_CELLS = 200
HEALTHY = ("wbc-fields", "wbc-crops-120", "wbc-crops-300")
"""Laboratories of normal mature cells that never taught."""
CHEAP = "cheap optics"
"""Said behind a laboratory whose tiles were seen through `optics.degrade`."""
N_COMPARED = 200
"""Cells of a laboratory on which the forms of a file were compared, at most."""
NOT_MEASURED = "not measured"
KINDS, RECALIBRATE = "`kinds`", "`recalibrate`"
TEACH = "`teach --leave-out marrow`, `judge`"
CALLED = "`evaluate_classifier.py`"
Interval = list[float]
"""A figure, alone or with the ends of its interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A bundle's card and its figures.

    Attributes:
        card: The bundle's.
        figures: What its release measured.
        called: By laboratory, what it calls every cell as it ships.
        turned: What changes when these cells are turned by a quarter.
        int8: By laboratory, what each form of its files changes.
        int8_of: The bundle of the same files by which that was measured.
    """

    card: Card
    figures: dict[str, Any]
    called: dict[str, Any]
    turned: dict[str, Any] = field(default_factory=dict)
    int8: dict[str, Any] = field(default_factory=dict)
    int8_of: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """What of it has figures of its own: the whole, and a pair's networks."""
        is_pair = self.card.quick is not None
        return ("pair", "deep", "quick") if is_pair else ("pair",)


Reached = Callable[[Shown, dict[str, Any]], list[Interval]]
"""Of a bundle and of the fit that marrow did not teach; empty: not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is asked.

    Attributes:
        what: In words.
        limits: One for each figure, as they are written.
        reached: Reads the figures.
        command: What measured them.
        is_least: Each limit is the least, else the most.
        absent: What is said where there is no figure.
    """

    what: str
    limits: tuple[str, ...]
    reached: Reached
    command: str = RECALIBRATE
    is_least: bool = False
    absent: str = NOT_MEASURED

    def told(self, one: Shown, marrow: dict[str, Any]) -> str:
        """Return what a bundle reached, and whether that is enough."""
        found = self.reached(one, marrow)
        if not found:
            return self.absent
        sign = 1 if self.is_least else -1
        enough = all(
            sign * row[0] >= sign * float(limit)
            for row, limit in zip(found, self.limits, strict=True)
        )
        texts = map(_text, found, self.limits)
        return f"{' / '.join(texts)}: {'met' if enough else '**missed**'}"


def interval(row: Interval) -> str:
    """Return a figure with its interval in words."""
    return f"{row[0]:.3f} ({row[1]:.3f} to {row[2]:.3f})"


def targets_table(bundles: list[Shown], marrow: dict[str, Any]) -> str:
    """Return what is asked, what each bundle reached, and what measured it.

    Args:
        bundles: The default first.
        marrow: Figures on marrow of the light network's recipe without it.
    """
    head = ["what", "asked", *(one.card.id for one in bundles), "measured by"]
    rows = [
        [
            target.what,
            " / ".join(target.limits),
            *(target.told(one, marrow) for one in bundles),
            target.command,
        ]
        for target in TARGETS
    ]
    return markdown_table(head, rows)


def _text(row: Interval, limit: str) -> str:
    if len(row) > 1:
        return interval(row)
    return f"{row[0]:.0f}" if "." not in limit else f"{row[0]:.3f}"


def _marrow(one: Shown, marrow: dict[str, Any]) -> list[Interval]:
    if one.card.quick is not None:  # the light network's recipe alone was fitted so
        return []
    return [marrow["auroc_against"]["lymphocyte"], marrow["auroc"]]


def _nobody(_: Shown, __: dict[str, Any]) -> list[Interval]:
    return []


def _cnmc(one: Shown, _: dict[str, Any]) -> list[Interval]:
    return [one.called["cnmc"]["auroc"]]


def _healthy(one: Shown, _: dict[str, Any]) -> list[Interval]:
    rows = [one.called[n] for n in HEALTHY]
    return [
        max(_whole(row, what) for row in rows) for what in ("false_calls", "unclear")
    ]


def _cheap(one: Shown, _: dict[str, Any]) -> list[Interval]:
    rows = [one.called[f"{n}, {CHEAP}"] for n in HEALTHY]
    return [max(_whole(row, "false_calls") for row in rows)]


def _whole(row: dict[str, Any], what: str) -> Interval:
    return [row[what], *row["intervals"][what]]


def _images(one: Shown, _: dict[str, Any]) -> list[Interval]:
    return [one.figures["taleqani"]["auroc_by_image"]]


def _mature(one: Shown, _: dict[str, Any]) -> list[Interval]:
    rows = [one.called[n] for n in HEALTHY[1:]]
    return [min(_whole(row, "balanced_accuracy_of_mature") for row in rows)]


def _ece(one: Shown, _: dict[str, Any]) -> list[Interval]:
    return [_whole(one.called["together"], "ece")]


def _ece_within(one: Shown, _: dict[str, Any]) -> list[Interval]:
    return [_whole(one.called["cnmc"], "ece")]


def _blank(one: Shown, _: dict[str, Any]) -> list[Interval]:
    return [[slide_row(one.card.call_model, SLIDE_CELLS).background]]


def _patients(one: Shown, _: dict[str, Any]) -> list[Interval]:
    return [[100 * slide_row(one.card.call_model, SLIDE_CELLS).found[0]]]


def _int8(form: str) -> Reached:
    def reached(one: Shown, _: dict[str, Any]) -> list[Interval]:
        found = [
            (figures, calls_changed(one, laboratory, figures))
            for laboratory, forms in one.int8.items()
            for name, figures in forms.items()
            if name.endswith(form)
        ]
        lost = max(figures.get("auroc_lost", 0.0) for figures, _ in found)
        return [[lost], max(changed for _, changed in found)]

    return reached


def calls_changed(one: Shown, laboratory: str, form: dict[str, Any]) -> Interval:
    """Return the share of a laboratory's calls that a form changes."""
    n_cells = min(N_COMPARED, one.called[laboratory]["n_cells"])
    return share_of(form["calls_changed"], n_cells)


def _passed_on(one: Shown, _: dict[str, Any]) -> list[Interval]:
    if one.card.quick is None:
        return []
    left_out = [one.figures[n] for n in ("cnmc", "taleqani")]
    lost = max(row["auroc"]["deep"][0] - row["auroc"]["pair"][0] for row in left_out)
    strange = one.figures["taleqani"]["asked_deep"]
    passed = share_of(one.figures["asked_deep"], one.figures["together"]["n_cells"])
    n_strange = sum(one.figures["taleqani"][k]["n"] for k in ("blast", "B-precursor"))
    return [passed, share_of(strange, n_strange), [lost]]


def share_of(share: float, n: int) -> Interval:
    """Return a share of n cells with the ends of its exact interval at 95 %."""
    ends = binomial_interval(round(share * n), n)
    return [share, ends.low, ends.high]


TARGETS = (
    Target(
        what="leave marrow out: AUROC, blasts against lymphocytes / all other kinds",
        limits=("0.93", "0.93"),
        reached=_marrow,
        command=TEACH,
        is_least=True,
        absent="not as a pair: its AlexNet alone is in section 3",
    ),
    Target(
        what="leave C-NMC out: AUROC",
        limits=("0.82",),
        reached=_cnmc,
        command=CALLED,
        is_least=True,
    ),
    Target(
        what="laboratories kept aside: AUROC / sensitivity / false calls",
        limits=("0.97", "0.88", "0.04"),
        reached=_nobody,
        command="nobody: their keepers alone can",
    ),
    Target(
        what="a cheap microscope kept aside: normal cells called blast",
        limits=("0.05",),
        reached=_nobody,
        command="nobody: its keepers alone can",
    ),
    Target(
        what="one calculated over wbc-*: normal cells called blast, the worst",
        limits=("0.05",),
        reached=_cheap,
        command=CALLED,
    ),
    Target(
        what="normal cells of wbc-fields and -crops called blast / unclear, the worst",
        limits=("0.02", "0.15"),
        reached=_healthy,
        command=CALLED,
    ),
    Target(
        what="taleqani, malignant against benign images: AUROC",
        limits=("0.80",),
        reached=_images,
        is_least=True,
    ),
    Target(
        what="five mature kinds, laboratory left out: balanced accuracy, the worst",
        limits=("0.85",),
        reached=_mature,
        command=CALLED,
        is_least=True,
    ),
    Target(
        what="ECE, C-NMC's blasts and the mature cells of wbc-* together",
        limits=("0.06",),
        reached=_ece,
        command=CALLED,
    ),
    Target(
        what="ECE within a laboratory left out, C-NMC's blasts and precursors",
        limits=("0.06",),
        reached=_ece_within,
        command=CALLED,
    ),
    Target(what="limit of blank of 200 cells", limits=("12",), reached=_blank),
    Target(
        what="patients with 20 % blasts found by 200 cells, of 100",
        limits=("95",),
        reached=_patients,
        is_least=True,
    ),
    Target(
        what="int8 on the CPU, one view, the worst: AUROC lost / calls changed",
        limits=("0.005", "0.03"),
        reached=_int8("cpu"),
        command=KINDS,
    ),
    Target(
        what="int8 in TensorRT's form, one view, the worst: AUROC lost / calls changed",
        limits=("0.005", "0.03"),
        reached=_int8("trt"),
        command=KINDS,
    ),
    Target(
        what="AlexNet first: share passed on, all together / on taleqani / AUROC lost",
        limits=("0.25", "0.25", "0.005"),
        reached=_passed_on,
        absent="no pair",
    ),
)
