"""The commands that judge: whom they leave out, and what tells two runs apart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.train.commands.small_run import run
from tests.train.drawn_cells import draw_cells
from tests.train.encoded_again import again
from tests.train.evaluation.drawn_scores import scores

from leukoscope_train.commands.judging import difference, without_leaks
from leukoscope_train.data import CropSet
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import model_row


def test_a_difference_is_surer_than_either_run() -> None:
    labels, p, people = scores()
    crops = CropSet(
        pixels=np.zeros((len(labels), 8, 8, 3), np.uint8),
        labels=labels,
        people=people,
        sources=people,
        names=people,
        areas_um2=np.ones(len(labels)),
    )
    random = np.random.default_rng(1)
    margin = np.log(p / (1 - p)) + 0.1 * (2 * labels - 1)
    better = 1 / (1 + np.exp(-margin - random.normal(0, 0.02, len(p))))
    assert set(difference(crops, p, p)["auroc"]) == {0.0}
    gain, low, high = difference(crops, p, better)["auroc"]
    assert 0 < low < gain < high
    alone = model_row("m", labels, better, people, 200)["pooled"]["auroc"]
    assert high - low < 0.5 * (alone[2] - alone[1])


def test_who_was_trained_on_is_refused_or_left_out_aloud(
    capsys: pytest.CaptureFixture[str],
) -> None:
    crops = draw_cells()
    trained, unseen = crops.pick(np.arange(24)), crops.pick(np.arange(24, 48))
    assert len(without_leaks(trained, unseen, drop=False)) == 24
    pixels = unseen.pixels.copy()
    pixels[0] = again(trained.pixels[3])
    leaky = replace(unseen, pixels=pixels)
    with pytest.raises(DataError, match="trained on: p4"):
        without_leaks(trained, leaky, drop=False)
    assert len(without_leaks(trained, leaky, drop=True)) == 18
    assert "p4" in capsys.readouterr().out
    with pytest.raises(DataError, match="every person"):
        without_leaks(crops, crops, drop=True)


def test_a_trained_cell_of_unknown_people_is_left_out_alone() -> None:
    crops = replace(draw_cells(), people=np.full(48, ""))
    trained, unseen = crops.pick(np.arange(24)), crops.pick(np.arange(23, 48))
    with pytest.raises(DataError, match=str(unseen.names[0])):
        without_leaks(trained, unseen, drop=False)
    assert len(without_leaks(trained, unseen, drop=True)) == 24


def test_learning_by_size_alone_needs_no_network(prepared: Path) -> None:
    assert run("learn", "--work", prepared) == 0
    assert (prepared / "learning-size-only.png").exists()
