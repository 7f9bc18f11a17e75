"""What the page is told of a frame and a count, as plain JSON values."""

import json
import math
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.edge.web.stand_ins import make_cell

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture import stored
from leukoscope_edge.counting import OTHER_OBJECTIVE, FrameResult, binomial_interval
from leukoscope_edge.i18n import HOLDS
from leukoscope_edge.live.snapshot import (
    N_LAST_CELLS,
    SAME_RADII,
    boxes_of,
    count_facts,
    instruction_facts,
    light_facts,
    place_facts,
)
from leukoscope_edge.messages import TEMPLATES, Message, from_plain, message, plain
from leukoscope_edge.outcome import Doubt, Refusal, StopState
from leukoscope_edge.screening_result import ImageReport
from leukoscope_edge.types import CallName, Cell, Fault, LazyDetection
from leukoscope_edge.vision import (
    Followed,
    FrameDetections,
    Placement,
    QualityReport,
    TrackingState,
)
from leukoscope_edge.vision.quality import Measure

RADIUS_PX = 20.0
KEEPER: Any = SimpleNamespace(
    record_id=lambda cell: f"1.{cell}", statuses=Counter(screened=3)
)
"""What a `Recorder` knows of the records."""
REPORT = ImageReport(name="f", status="screened")
NAMED = re.compile(r'"((?:file|folder|video|frame)-[a-z-]+)"')
OF_A_FILE = {
    id_
    for path in Path(stored.__path__[0]).glob("*.py")
    for id_ in NAMED.findall(path.read_text("utf-8"))
}
"""Why a stored frame may be missing."""


def no_picture() -> U8:
    return np.zeros((1, 1, 3), np.uint8)


def detection(x: float, y: float = 35.0) -> LazyDetection:
    return LazyDetection(
        frame="f",
        box_px=(1, 2, 3, 4),
        centre_px=(x, y),
        slide_px=(x, y),
        sharpness=1.0,
        radius_px=RADIUS_PX,
        cut=no_picture,
        cut_view=no_picture,
    )


def placed(island: int = 0) -> Placement:
    return Placement(
        state=TrackingState.TRACKING, x_px=10.4, y_px=-3.6, score=1.0, island=island
    )


def looked(*whole: LazyDetection, **more: Any) -> FrameResult:
    place = more.pop("place", placed())
    return FrameResult(
        report=REPORT, seen=FrameDetections(whole=whole, **more), place=place
    )


def cells(*calls: CallName) -> tuple[Cell, ...]:
    """Cells at 200, 400, ... along the slide."""
    return tuple(make_cell(i, call) for i, call in enumerate(calls, start=1))


def test_a_frame_without_cells_has_no_boxes() -> None:
    assert boxes_of(looked(), (), KEEPER) == []
    assert boxes_of(looked(), cells(CallName.BLAST), KEEPER) == []


@pytest.mark.parametrize(
    ("x", "kind", "cell"),
    [
        (200.0, "blast", "1.1"),
        (200.0 + SAME_RADII * RADIUS_PX, "blast", "1.1"),
        (200.1 + SAME_RADII * RADIUS_PX, "new", ""),
        (400.0, "normal", "1.2"),
    ],
)
def test_a_sighting_near_a_cell_is_that_cell(x: float, kind: str, cell: str) -> None:
    here = cells(CallName.BLAST, CallName.NORMAL)
    (box,) = boxes_of(looked(detection(x)), here, KEEPER)
    assert box == {"box": [1, 2, 3, 4], "kind": kind, "cell": cell}


def test_known_cells_have_a_box_in_frames_that_are_not_searched() -> None:
    known = Followed(whole=(detection(200.0),), smudges=(detection(400.0),))
    boxes = boxes_of(replace(looked(), followed=known), cells(CallName.BLAST), KEEPER)
    assert [(b["kind"], b["cell"]) for b in boxes] == [("blast", "1.1"), ("smudge", "")]


def test_a_cell_of_another_island_is_not_here() -> None:
    seen = looked(detection(200.0), place=placed(island=1))
    assert boxes_of(seen, cells(CallName.BLAST), KEEPER)[0]["kind"] == "new"


def test_what_is_cut_off_or_burst_is_no_cell_of_the_count() -> None:
    seen = looked(cut_off=(detection(200.0),), smudges=(detection(200.0),))
    kinds = [b["kind"] for b in boxes_of(seen, cells(CallName.BLAST), KEEPER)]
    assert kinds == ["cut-off", "smudge"]


def test_a_place_is_told_in_whole_pixels_or_not_at_all() -> None:
    assert place_facts(looked()) == {"tracking": "tracking", "place": [10, -4, 0]}
    assert place_facts(looked(place=None)) == {"tracking": "", "place": None}


def test_through_another_objective_nobody_is_sent_back_to_a_place() -> None:
    off = ImageReport(name="f", status="refused", reason=OTHER_OBJECTIVE)
    assert place_facts(replace(looked(), report=off))["tracking"] == ""


def told(outcome: Refusal, *calls: CallName, doubt: Doubt | None = None) -> Any:
    doubts = (doubt,) if doubt else ()
    run: Any = SimpleNamespace(outcome=lambda: outcome, doubts=lambda: doubts)
    return count_facts(run, cells(*calls), KEEPER)


def test_a_count_of_nothing_has_no_interval_and_no_advice() -> None:
    found = told(Refusal(reason=message("test")))
    assert found["last"] == []
    assert found["frames"] == {"screened": 3}
    count = found["count"]
    assert (count["n_cells"], count["interval"], count["advice"]) == (0, None, None)
    assert (count["look"], count["next_look"]) == (0, None)


def test_a_count_is_told_with_its_interval_and_its_advice() -> None:
    why = message("enough-above", level="5 %")
    stop = StopState(look=50, next_look=100, keep_going=False, why=why)
    outcome = Refusal(
        reason=message("test"), n_cells=60, n_blast=18, n_unclear=4, stop=stop
    )
    count = told(outcome)["count"]
    expected = binomial_interval(18, 60)
    assert count["interval"] == [expected.low, expected.high]
    assert count["advice"] == plain(why)
    assert (count["look"], count["next_look"]) == (50, 100)
    json.dumps(count)


CURE = message("scale-off-cure")


@pytest.mark.parametrize(
    ("cure", "text"),
    [
        (None, "No negative is possible: no white cell was seen."),
        (CURE, "No negative is possible: no white cell was seen. Check the scale."),
    ],
)
def test_what_forbids_a_negative_is_told_while_it_can_be_mended(
    cure: Message | None, text: str
) -> None:
    doubt = Doubt(reason=message("no-cell"), cure=cure, spoils_calls=False)
    refusal = Refusal(reason=message("test"))
    assert told(refusal)["doubt"] == ""
    assert from_plain(told(refusal, doubt=doubt)["doubt"]).said() == text


def test_the_newest_cells_come_first_and_only_so_many() -> None:
    calls = [CallName.NORMAL] * N_LAST_CELLS + [CallName.BLAST]
    last = told(Refusal(reason=message("test")), *calls)["last"]
    assert len(last) == N_LAST_CELLS
    assert last[0] == [f"1.{len(calls)}", "blast"]
    assert last[-1] == ["1.2", "normal"]


def test_a_light_without_an_end_has_none_in_json_either() -> None:
    blurred = message("out-of-focus")
    measure = Measure(
        name="blur", value=1.0, low=0.5, high=math.inf, instruction=blurred
    )
    (light,) = light_facts(QualityReport(measures=(measure,)))
    assert (light["low"], light["high"], light["is_good"]) == (0.5, None, True)
    json.dumps(light, allow_nan=False)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (None, ""),
        (message("file-empty"), "the picture is empty: copy it again"),
        (message("picture", why=message("picture-black")), "the picture is black"),
        (message("video-lost", n=5), "5 frames could not be read: copy the video"),
        (message("video-cut"), "the video is damaged where it ends"),
        (
            message("camera-says", why=message("camera-starts")),
            "camera: it is starting",
        ),
    ],
)
def test_why_a_picture_is_missing_is_a_sentence_on_a_live_screen(
    reason: Any, said: str
) -> None:
    found = instruction_facts(reason, Fault(name="a.png", reason=message("test")))
    assert (said == "") == (found == "")
    assert found == "" or from_plain(found).said().startswith(said)  # type: ignore[arg-type]


@pytest.mark.parametrize("id_", sorted(OF_A_FILE))
def test_whatever_is_wrong_with_a_file_is_said_of_one_subject(id_: str) -> None:
    params = dict.fromkeys(HOLDS.findall(TEMPLATES[id_]), "12")
    fault = Fault(name="a.png", reason=message(id_, **params))
    told = instruction_facts(fault.reason, fault)
    said = from_plain(told).said()  # type: ignore[arg-type]
    subject = r"the (picture|video) (is|has|holds|keeps|cannot be|needs) "
    assert re.match(f"({subject})|12 frames could|no frame of this 12 video", said)
