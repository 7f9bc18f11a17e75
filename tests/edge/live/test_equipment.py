"""What every state works with: what was read last, and how it is told."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.edge.live.whole_count import KeptBox
from tests.edge.web.stand_ins import PROFILE
from tests.simulated import simulated_bundle

from leukoscope_edge.errors import BundleError
from leukoscope_edge.live import Mode
from leukoscope_edge.live.equipment import N_SEARCHES, Equipment, LastRead
from leukoscope_edge.messages import message
from leukoscope_edge.profile import CameraEntry, Profile
from leukoscope_edge.records import open_store
from leukoscope_edge.types import THRESHOLDS, Fault, Frame

FRAME = Frame(name="frame 1", pixels=np.zeros((2, 2, 3), np.uint8), time_s=0.0)
TORN = message("picture-torn")
FAULT = Fault(name="frame 2", reason=TORN)


def equipment(profile: Profile = PROFILE, **parts: Any) -> Equipment:
    given = {"store": None, "bundle": None, "engine": SimpleNamespace(name="cpu")}
    return Equipment(profile=profile, **({"outbox": KeptBox()} | given | parts))


def test_what_is_wrong_with_the_camera_holds_until_it_shows_something() -> None:
    last = LastRead()
    assert (last.fault, last.frame_at_s) == (None, None)
    last.note(FAULT)
    assert (last.fault, last.frame_at_s) == (TORN, None)
    last.note(FRAME)
    assert last.fault is None
    frame_at_s = last.frame_at_s
    assert frame_at_s is not None
    last.note(FAULT)
    assert last.frame_at_s == frame_at_s  # of the last frame, not of the fault


@pytest.mark.parametrize(("n_threads", "n_searches"), [(1, 1), (2, 2), (8, N_SEARCHES)])
def test_no_more_is_searched_at_once_than_there_are_threads(
    n_threads: int, n_searches: int
) -> None:
    assert equipment(replace(PROFILE, n_threads=n_threads)).n_searches == n_searches


def test_reading_is_timed_and_noted() -> None:
    items = iter([FAULT, FRAME, None])
    camera: Any = SimpleNamespace(read=lambda: next(items))
    own = equipment()
    assert [own.read(camera) for _ in range(3)] == [FAULT, FRAME, None]
    assert "read" in own.timer.facts()["stages_ms"]
    assert own.last_read.frame_at_s is not None


def test_news_are_numbered_and_say_whose_they_are() -> None:
    own = equipment()
    own.tell(Mode.IDLE, "", {})
    own.tell(Mode.COUNTING, "0007", {"by": "Amina", "seq": 99}, FRAME.pixels, "frame 1")
    box: Any = own.outbox
    first, second = (draft.news for draft in box.drafts)
    assert (first.facts["seq"], second.facts["seq"]) == (1, 2)
    assert (first.facts["by"], second.facts["by"]) == ("", "Amina")
    assert (second.mode, second.slide) == (Mode.COUNTING, "0007")
    assert (second.facts["frame"], second.facts["engine"]) == ("frame 1", "cpu")
    assert box.drafts[0].pixels is None
    assert box.drafts[1].pixels is FRAME.pixels


def test_thresholds_that_a_profile_asks_for_are_no_fallback() -> None:
    own = equipment()
    assert own.segmenter.name == THRESHOLDS
    assert own.found_by() == ""
    before = own.segmenter
    assert own.open_segmenter() is own.segmenter is not before


def test_a_model_is_not_shown_what_it_was_not_made_for(tmp_path: Path) -> None:
    real = CameraEntry(source=str(tmp_path), frames_per_second=10.0)
    bundle = simulated_bundle()
    with open_store(tmp_path / "data") as store:
        own = equipment(replace(PROFILE, camera=real), store=store, bundle=bundle)
        (tmp_path / "field.png").touch()
        with pytest.raises(BundleError, match="was made for simulated slides"):
            own.open_camera("")
        drawn = equipment(store=store, bundle=bundle).open_camera("")
    assert drawn.domain == "simulated"
