"""Levey-Jennings charts: bands, judgements, and what the page shows of them."""

from dataclasses import replace

import pytest
from tests.edge.web.stand_ins import FACTS, NAME, PIN, Browser, fill_slide

from leukoscope_edge.accounts import Role
from leukoscope_edge.outcome import Refusal, Verdict
from leukoscope_edge.quality.levey_jennings import (
    GOLDEN_NOTE,
    MIN_FOR_BAND,
    N_EARLIER_BANDS,
    N_FOR_BAND,
    N_POINTS,
    N_READ,
    Point,
    Trend,
    begin_new_band,
    earlier_bands,
    judge,
    levey_jennings,
    note_light,
    plot,
    trends,
)
from leukoscope_edge.records import Store
from leukoscope_edge.records.slides import verdict_of
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.web.device import Device

BAND = [10.0, 12.0] * (N_FOR_BAND // 2)  # mean 11


def points(values: list[float]) -> list[Point]:
    return [Point(value=v, at="2026-11-26T08:00:00") for v in values]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "good"),
        (2.0, "good"),
        (2.01, "warn"),
        (-2.01, "warn"),
        (3.0, "warn"),
        (3.01, "reject"),
        (-3.01, "reject"),
    ],
)
def test_westgards_limits(value: float, expected: str) -> None:
    assert judge(Point(value=value, at=""), 0.0, 1.0) == expected


def test_figures_that_hardly_differ_have_a_band_below_nought_too() -> None:
    assert levey_jennings("x", points([-1.0] * 21)).sd == pytest.approx(0.01)


def test_a_band_needs_figures_enough_and_says_how_many_are_missing() -> None:
    one = levey_jennings("x", points([1.0]))
    assert (one.mean, one.n_short) == (None, MIN_FOR_BAND)
    few = levey_jennings("x", points(BAND[:MIN_FOR_BAND]))
    assert (few.mean, few.n_short) == (None, 1)
    enough = levey_jennings("x", points(BAND[: MIN_FOR_BAND + 1]))
    assert enough.mean is not None
    assert [p.judged for p in enough.points[:-1]] == ["none"] * MIN_FOR_BAND
    assert enough.judged == "good"


@pytest.mark.parametrize(
    ("n_before", "judged"),
    [
        (MIN_FOR_BAND, "warn"),
        (N_FOR_BAND - 1, "warn"),
        (N_FOR_BAND, "reject"),
        (35, "reject"),
    ],
)
def test_an_outlier_does_not_widen_its_own_band_and_a_provisional_one_warns(
    n_before: int, judged: str
) -> None:
    values = [*(BAND * 2)[:n_before], 16.0]
    found = levey_jennings("x", points(values))
    assert found.judged == judged
    assert found.mean == pytest.approx(11.0, abs=0.1)
    assert len(found.points) <= N_POINTS


def test_a_slow_drift_is_seen_because_the_band_stays_where_it_was_set() -> None:
    drift = [11 + 0.1 * i for i in range(60)]
    found = levey_jennings("x", points(BAND + drift))
    assert found.judged == "reject"


@pytest.mark.parametrize(
    ("value", "judged"), [(5.0, "good"), (5.1, "good"), (5.14, "warn"), (5.2, "reject")]
)
def test_figures_that_never_change_have_a_band_of_three_percent(
    value: float, judged: str
) -> None:
    same = levey_jennings("x", points([5.0] * 30))
    assert levey_jennings("x", points([5.0] * 30 + [value])).judged == judged
    assert same.band == pytest.approx((4.85, 5.15))
    drawn = plot(same, 100, 50)
    assert all(0 <= p["y"] <= 50 for p in drawn["points"])


def test_the_chart_has_seven_lines_from_low_to_high() -> None:
    drawn = plot(levey_jennings("x", points([*BAND, 11.0])), 100, 50)
    assert [k for k, _ in drawn["lines"]] == [-3, -2, -1, 0, 1, 2, 3]
    heights = [y for _, y in drawn["lines"]]
    assert heights == sorted(heights, reverse=True)
    assert 0 <= heights[-1] < heights[0] <= 50


def test_a_figure_far_outside_does_not_squeeze_the_band() -> None:
    drawn = plot(levey_jennings("x", points([*BAND, 5000.0])), 100, 100)
    heights = [y for _, y in drawn["lines"]]
    assert heights[0] - heights[-1] > 50
    assert drawn["points"][-1]["y"] == 0


def test_of_many_slides_the_band_is_the_first_ones_and_the_drawn_the_last(
    device: Device,
) -> None:
    values = [*BAND, *(11.0 + 0.013 * i for i in range(2 * N_READ))]
    for value in values:
        note_light(device.store, {"plasma_level": value})
    [light] = trends(device.store, 0.5, "simulated-1")
    assert light == replace(
        levey_jennings("plasma_level", [Point(value=v, at="") for v in values]),
        points=light.points,
    )
    assert [p.value for p in light.points] == values[-N_POINTS:]
    assert light.judged == "warn"


def test_a_measure_that_the_first_slides_lack_gets_no_band_from_the_last(
    device: Device,
) -> None:
    for i in range(2 * N_READ + 10):
        known = {"stain_levels": 5.0} if i % 20 == 0 or i > N_READ else {}
        note_light(device.store, {"plasma_level": 1.0, **known})
    [_, stain] = trends(device.store, 0.5, "simulated-1")
    assert stain.mean is None


def test_a_new_lamp_begins_the_bands_anew(device: Device) -> None:
    for value in BAND:
        note_light(device.store, {"plasma_level": value})
    assert earlier_bands(device.store) == []
    before = trends(device.store, 0.5, "simulated-1")
    begin_new_band(device.store, "lamp", "the old one burnt out", NAME)
    note_light(device.store, {"plasma_level": 200.0})
    [light] = trends(device.store, 0.5, "simulated-1")
    assert [p.value for p in light.points] == [200.0]
    [old] = earlier_bands(device.store)
    assert (old.what, old.reason, old.by) == ("lamp", "the old one burnt out", NAME)
    assert [*old.trends] == before


def test_the_newest_earlier_bands_are_shown_first(device: Device) -> None:
    for number in range(N_EARLIER_BANDS + 2):
        note_light(device.store, {"plasma_level": float(number)})
        begin_new_band(device.store, "stain", f"bottle {number}", NAME)
    found = earlier_bands(device.store)
    assert [b.reason for b in found] == ["bottle 4", "bottle 3", "bottle 2"]
    assert [b.trends[0].points[0].value for b in found] == [4.0, 3.0, 2.0]
    assert [len(b.trends[0].points) for b in found] == [1, 1, 1]


def test_a_trend_without_a_band_has_no_limits() -> None:
    with pytest.raises(ValueError, match="no band"):
        assert levey_jennings("x", points([1.0])).band


def test_stored_cells_are_judged_by_the_cards_limit(device: Device) -> None:
    for facts in (
        {"bundle": "m-1", "largest_logit_difference": 0.1},
        {"bundle": "m-2", "largest_logit_difference": 0.2},
        {"bundle": "m-1", "failed": "a logit differs"},
    ):
        device.store.log.note("golden cells", facts, NAME)
    [golden] = trends(device.store, 0.5, "m-1")
    assert [(p.value, p.judged) for p in golden.points] == [
        (0.1, "good"),
        (0.5, "reject"),
    ]
    assert golden.limit == 0.5


def test_the_page_shows_what_is_out_of_control_without_colour(
    browser: Browser, device: Device
) -> None:
    for value in [*BAND, 13.5, 20.0]:
        note_light(device.store, {"plasma_level": value})
    text = browser.get("/device").text
    assert "out of control" in text
    assert 'class="reject"' in text
    assert 'class="warn"' in text
    body = {"why": "lamp"}
    assert browser.post("/api/device/new-band", json=body).status_code == 422
    body |= {"reason": "burnt out"}
    assert browser.post("/api/device/new-band", json=body).is_success
    before, _, old = browser.get("/device").text.partition("<summary><span>Until")
    assert "out of control" not in before
    assert "burnt out" in old
    assert "out of control" in old


def test_a_passive_watch_never_gives_a_negative_whoever_signs(device: Device) -> None:
    watch = replace(SIMULATED_SAMPLE, mode="passive")
    card = device.bundle.card
    counted = device.store.reader.slide(fill_slide(device, n_normal=500))
    assert isinstance(verdict_of(counted, card), Verdict)
    watched = device.store.reader.slide(fill_slide(device, n_normal=500, facts=watch))
    outcome = verdict_of(watched, card)
    assert isinstance(outcome, Refusal)
    assert outcome.reason.id == "passive"
    sick = device.store.reader.slide(fill_slide(device, n_blast=100, facts=watch))
    assert isinstance(verdict_of(sick, card), Verdict)


def test_a_passive_slide_is_started_from_the_form(
    browser: Browser, device: Device
) -> None:
    body = FACTS | {"sample": "S-1", "mode": "passive", "key": "key-00000001"}
    assert browser.post("/api/slides", json=body).is_success
    assert device.store.reader.slide("0001").facts.mode == "passive"


def test_an_operator_may_not_begin_bands_anew(
    stranger: Browser, device: Device
) -> None:
    device.people.add("Olu", Role.OPERATOR, PIN)
    stranger.sign_in("Olu")
    body = {"why": "lamp", "reason": "burnt out"}
    answer = stranger.post("/api/device/new-band", json=body)
    assert answer.status_code == 403


def trend(*values: float, limit: float | None = None) -> Trend:
    points = tuple(Point(value=v, at="") for v in values)
    return Trend(name="x", points=points, limit=limit)


@pytest.mark.parametrize(
    ("drawn", "places"),
    [
        (trend(5.0), [(0.0, 25.0)]),
        (trend(5.0, 5.0), [(0.0, 25.0), (100.0, 25.0)]),
        (trend(1.0, 3.0), [(0.0, 50.0), (100.0, 0.0)]),
        (
            trend(0.0, 1.0, 2.0, 3.0),
            [(0.0, 50.0), (33.3, 33.3), (66.7, 16.7), (100.0, 0.0)],
        ),
        (trend(0.25, limit=0.5), [(0.0, 25.0)]),
    ],
)
def test_where_figures_lie_in_a_chart(
    drawn: Trend, places: list[tuple[float, float]]
) -> None:
    chart = plot(drawn, 100, 50)
    assert [(p["x"], p["y"]) for p in chart["points"]] == places
    assert chart["lines"] == []
    assert chart["limit"] == (None if drawn.limit is None else 0.0)


def test_the_first_figure_of_all_counts_and_stored_cells_stand_first(
    store: Store,
) -> None:
    note_light(store, {"plasma_level": 1.0})
    assert store.log.notes("light")[0].seq == 1
    note_light(store, {"plasma_level": 2.0})
    store.log.note(GOLDEN_NOTE, {"bundle": "m", "largest_logit_difference": 0.1}, "ann")
    golden, light = trends(store, 0.5, "m")
    assert golden.name == GOLDEN_NOTE
    assert [p.value for p in light.points] == [1.0, 2.0]
    begin_new_band(store, "lamp", "burnt out", "ann")
    assert [t.name for t in trends(store, 0.5, "m")] == [GOLDEN_NOTE]
    [earlier] = earlier_bands(store)
    assert [p.value for p in earlier.trends[0].points] == [1.0, 2.0]
