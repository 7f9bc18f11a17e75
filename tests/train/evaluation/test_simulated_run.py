"""A simulated slide goes through the device as under a moving stage."""

from tests.simulated import first_frames

from leukoscope_edge.inference import OnnxCpuEngine, open_bundle, shipped_bundle_for
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_train.evaluation.simulated_run import run_simulated


def test_overlapping_frames_are_one_stretch_of_one_slide() -> None:
    bundle = open_bundle(shipped_bundle_for("simulated"))
    with OnnxCpuEngine(bundle) as engine:
        run = run_simulated(engine, bundle, 0.1)
        for frame in first_frames(3):
            run.look(frame)
        found = run.finish("simulated")
    assert found.is_sequence
    assert found.tally.n_islands == 1
    assert found.facts == SIMULATED_SAMPLE
    assert found.background_from == "bundle"


def test_without_a_scale_there_is_no_result() -> None:
    bundle = open_bundle(shipped_bundle_for("simulated"))
    with OnnxCpuEngine(bundle) as engine:
        run = run_simulated(engine, bundle, None)
        run.look(first_frames(1)[0])
        outcome = run.outcome()
    assert isinstance(outcome, Refusal)
    assert outcome.reason.holds("uncalibrated")
