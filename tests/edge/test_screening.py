from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leukoscope_edge.capture.simulated import parse_simulated
from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference.bundle import open_bundle, shipped_bundle_for
from leukoscope_edge.inference.engine import OnnxCpuEngine
from leukoscope_edge.screening import SlideRun, screen
from leukoscope_edge.types import Fault, Refusal, Screening, VerdictName


@contextmanager
def slide_run(**settings: object) -> Iterator[SlideRun]:
    bundle = open_bundle(shipped_bundle_for("simulated"))
    options = {"scale_um_per_px": 0.1, "is_sequence": True, **settings}
    with OnnxCpuEngine(bundle) as engine:
        yield SlideRun(engine, bundle, **options)  # type: ignore[arg-type]


def screened(source: str, bundle_folder: Path | None = None) -> Screening:
    bundle = open_bundle(bundle_folder or shipped_bundle_for("simulated"))
    with parse_simulated(source) as camera, OnnxCpuEngine(bundle) as engine:
        return screen(camera, engine, bundle, source=source, is_sequence=True)


@pytest.mark.slow
def test_a_slide_with_many_blasts_is_flagged_and_counted_once() -> None:
    found = screened("simulated:cells=60,blasts=0.5,seed=11")
    assert found.verdict.name is VerdictName.BLASTS
    assert 55 <= len(found.cells) <= 62
    assert found.verdict.interval.low < 0.5 < found.verdict.interval.high
    assert found.sentence.startswith("SIMULATION")


@pytest.mark.slow
def test_a_healthy_slide_is_not_flagged() -> None:
    found = screened("simulated:cells=60,blasts=0,seed=12")
    assert found.verdict.name is VerdictName.NONE


def test_few_cells_give_no_negative() -> None:
    found = screened("simulated:cells=8,blasts=0,seed=3,frames=12")
    assert isinstance(found.verdict, Refusal)


def test_a_slide_without_white_cells_gives_no_result() -> None:
    found = screened("simulated:cells=0,frames=3")
    assert isinstance(found.verdict, Refusal)
    assert found.cells == ()


def test_every_sighting_has_a_crop_of_the_card() -> None:
    bundle = open_bundle(shipped_bundle_for("simulated"))
    found = screened("simulated:cells=12,frames=8,seed=4")
    side = bundle.card.input.side_px
    assert found.cells
    for cell in found.cells:
        assert 1 <= len(cell.sightings) <= 3
        assert all(s.crop.shape == (side, side, 3) for s in cell.sightings)


def test_a_fault_is_listed_as_skipped() -> None:
    with slide_run() as run:
        looked = run.look(Fault(name="a.jpg", reason="is torn"))
    assert (looked.report.status, looked.report.reason) == ("skipped", "is torn")
    assert looked.seen.whole == ()


def test_a_model_for_real_blood_does_not_judge_a_simulation() -> None:
    with pytest.raises(BundleError, match="simulated"):
        screened("simulated:cells=4,frames=1", shipped_bundle_for("real"))
