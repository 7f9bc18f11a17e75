"""Quality figures over time: Levey-Jennings charts, judged by Westgard's 1-2s and 1-3s.

The band is set by the first figures after a start or after a new lamp or stain, never
by the figure that is judged: an outlier would widen its own band and pass.

Source: Levey and Jennings 1950; Westgard et al. 1981; CLSI C24 (20 values for a band).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any, Literal

from leukoscope_edge.records import DEVICE, MAX_SEQ, Store

GOLDEN_NOTE, LIGHT_NOTE, NEW_BAND_NOTE = "golden cells", "light", "new band"
N_FOR_BAND, MIN_FOR_BAND = 20, 10
"""Values that set a band; with fewer than 20 it is provisional, below 10 there is
none."""
N_POINTS = 40
N_READ = 100
"""Notes read of each kind: more than are drawn, as some lack a measure or are of
another model; of a year's thousands no more."""
WARN_SD, REJECT_SD, SHOWN_SD = 2.0, 3.0, 4.0
MIN_RELATIVE_SD = 0.01
"""Figures that hardly differ, as of a drawn slide, would set a band of no width: a lamp
within 3 % of its mean is in control whatever its band. A decision of this project."""
N_EARLIER_BANDS = 3
"""Shown below the present ones, each as long as any."""
Judgement = Literal["none", "good", "warn", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One figure.

    Attributes:
        value: The figure.
        at: When, UTC, ISO 8601.
        judged: Against the band; "none" where it set the band or there is none.
    """

    value: float
    at: str
    judged: Judgement = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A figure over time.

    Attributes:
        name: What is measured.
        points: The newest last.
        mean: Of the figures that set the band, None where there is none.
        sd: Their standard deviation, likewise.
        limit: A fixed upper limit in the place of a band.
        n_short: How many figures are missing for a band.
    """

    name: str
    points: tuple[Point, ...]
    mean: float | None = None
    sd: float | None = None
    limit: float | None = None
    n_short: int = 0

    @property
    def band(self) -> tuple[float, float]:
        """What is in control, from low to high.

        Raises:
            ValueError: There is no band yet.
        """
        if self.mean is None or self.sd is None:
            raise ValueError(f"{self.name} has no band")
        return self.mean - REJECT_SD * self.sd, self.mean + REJECT_SD * self.sd

    @property
    def judged(self) -> Judgement:
        """The word on the newest figure."""
        return self.points[-1].judged


def trends(store: Store, golden_limit: float, bundle: str) -> list[Trend]:
    """Return every figure that is kept over time.

    Args:
        store: The records.
        golden_limit: Largest difference of a logit that the card allows.
        bundle: Whose stored cells are shown.
    """
    begun = store.log.notes(NEW_BAND_NOTE, newest=1)
    found = _light_trends(store, begun[0].seq if begun else 0, MAX_SEQ)
    golden = [
        point
        for event in store.log.notes(GOLDEN_NOTE, newest=N_READ)
        if event.body["facts"].get("bundle") == bundle
        for point in _golden_point(event.body["facts"], event.at, golden_limit)
    ]
    if golden:
        newest = tuple(golden[-N_POINTS:])
        found.insert(0, Trend(name=GOLDEN_NOTE, points=newest, limit=golden_limit))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierBand:
    """The trends of lamp and stain up to the day on which they were begun anew.

    Attributes:
        ended_at: When, UTC, ISO 8601.
        what: What was new: lamp, stain or camera.
        reason: Why, in a person's words; "" in records from before it was asked.
        by: Who began them anew.
        trends: As they stood then.
    """

    ended_at: str
    what: str
    reason: str
    by: str
    trends: tuple[Trend, ...]


def earlier_bands(store: Store) -> list[EarlierBand]:
    """Return the trends before each new beginning, the newest first."""
    ends = store.log.notes(NEW_BAND_NOTE, newest=N_EARLIER_BANDS + 1)
    begins = [0, *(e.seq for e in ends)]
    found = [
        EarlierBand(
            ended_at=end.at,
            what=end.body["facts"]["why"],
            reason=end.body["facts"].get("reason", ""),
            by=end.by,
            trends=tuple(_light_trends(store, begin, end.seq)),
        )
        for begin, end in zip(begins, ends, strict=False)
    ]
    return found[::-1][:N_EARLIER_BANDS]


def _light_trends(store: Store, after: int, before: int) -> list[Trend]:
    """Return the trends of lamp and stain between two events."""
    first = store.log.notes(LIGHT_NOTE, after=after, before=before, oldest=N_READ)
    after = first[-1].seq if first else after
    later = store.log.notes(LIGHT_NOTE, after=after, before=before, newest=N_READ)
    n_first = Counter(name for e in first for name in e.body["facts"])
    light: dict[str, list[Point]] = defaultdict(list)
    for event in (*first, *later):
        for name, value in event.body["facts"].items():
            light[name].append(Point(value=value, at=event.at))
    return [levey_jennings(n, p, n_first[n]) for n, p in sorted(light.items())]


def _golden_point(facts: dict[str, Any], at: str, limit: float) -> list[Point]:
    if "largest_logit_difference" not in facts:
        return [Point(value=limit, at=at, judged="reject")] if "failed" in facts else []
    return [Point(value=facts["largest_logit_difference"], at=at, judged="good")]


def levey_jennings(
    name: str, points: Sequence[Point], n_first: int = N_FOR_BAND
) -> Trend:
    """Judge figures by a band that earlier ones set.

    A provisional band warns and rejects nothing: beyond 3 SD of ten figures lie one in
    fifty of the figures that are as usual, beyond those of twenty half as many.

    Args:
        name: What is measured.
        points: Since the band was last begun, the oldest first; at least one.
        n_first: How many of them are the first ones: after these some may be left out.
    """
    n_band = min(N_FOR_BAND, n_first, len(points) - 1)
    if n_band < MIN_FOR_BAND:
        n_short = MIN_FOR_BAND - n_band
        return Trend(name=name, points=tuple(points[-N_POINTS:]), n_short=n_short)
    band = [p.value for p in points[:n_band]]
    mean = fmean(band)
    sd = max(stdev(band), MIN_RELATIVE_SD * abs(mean))
    is_provisional = n_band < N_FOR_BAND
    judged = [
        p if i < n_band else _judged(p, mean, sd, is_provisional=is_provisional)
        for i, p in enumerate(points)
    ]
    return Trend(name=name, points=tuple(judged[-N_POINTS:]), mean=mean, sd=sd)


def _judged(point: Point, mean: float, sd: float, *, is_provisional: bool) -> Point:
    word = judge(point, mean, sd)
    if is_provisional and word == "reject":
        word = "warn"
    return replace(point, judged=word)


def judge(point: Point, mean: float, sd: float) -> Judgement:
    """Return Westgard's word: beyond 2 SD a warning, beyond 3 a rejection."""
    distance = abs(point.value - mean)
    if distance > REJECT_SD * sd:
        return "reject"
    return "warn" if distance > WARN_SD * sd else "good"


def begin_new_band(store: Store, what: str, reason: str, by: str) -> None:
    """Begin the bands of lamp and stain anew; the old ones stay (`earlier_bands`).

    Args:
        store: The records.
        what: What is new: lamp, stain or camera.
        reason: Why, in the words of whoever does it.
        by: Who does it.
    """
    store.log.note(NEW_BAND_NOTE, {"why": what, "reason": reason}, by)


def note_light(store: Store, figures: dict[str, float]) -> None:
    """Keep what a slide told of lamp and stain."""
    store.log.note(LIGHT_NOTE, figures, DEVICE)


def plot(trend: Trend, width: int, height: int) -> dict[str, Any]:
    """Return where a chart's points and lines lie in a drawing of so many pixels.

    A figure far outside the band lies at the edge of the drawing: it must not squeeze
    the band to nothing.
    """
    low, high = _range(trend)
    span = high - low
    step = width / max(len(trend.points) - 1, 1)

    def y(value: float) -> float:
        inside = min(max(value, low), high)
        return round(height - (inside - low) / span * height, 1)

    lines = []
    if trend.mean is not None and trend.sd is not None:
        lines = [(k, y(trend.mean + k * trend.sd)) for k in range(-3, 4)]
    return {
        "lines": lines,
        "limit": None if trend.limit is None else y(trend.limit),
        "points": [
            {"x": round(i * step, 1), "y": y(p.value), "of": p}
            for i, p in enumerate(trend.points)
        ],
    }


def _range(trend: Trend) -> tuple[float, float]:
    values = [p.value for p in trend.points]
    if trend.limit is not None:
        values += [0.0, trend.limit]
    if trend.mean is not None and trend.sd is not None:
        reach = SHOWN_SD * trend.sd
        values = [trend.mean - reach, trend.mean + reach]
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 1, high + 1)
