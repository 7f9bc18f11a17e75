"""What only a GPU can show; skipped, loudly, where there is none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.train.drawn_cells import draw_cells

from leukoscope_train.data import Variation, vary
from leukoscope_train.data.augment import finish_batch
from leukoscope_train.distributed import Machine, this_machine
from leukoscope_train.fit import fit, margins
from leukoscope_train.networks import make_network
from leukoscope_train.plan import FitPlan
from leukoscope_train.sampling import kept_crops

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="NO GPU HERE: its fits were not tested"
)
PLAN = FitPlan(
    architecture="alexnet-compact", side_px=24, n_epochs=3, n_draws=64, batch=16
)


class Interrupted(Machine):
    """A machine whose power goes after the first pass."""

    def wait(self) -> None:
        raise KeyboardInterrupt


def test_a_killed_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    crops, path, gpu = draw_cells(), tmp_path / "c.ckpt", this_machine(0)
    whole = fit(crops, PLAN, machine=gpu)
    with pytest.raises(KeyboardInterrupt):
        fit(crops, PLAN, checkpoint=path, machine=Interrupted(device=gpu.device))
    assert path.exists()
    resumed = fit(crops, PLAN, checkpoint=path, machine=gpu)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_recorded_network_learns_what_an_unrecorded_one_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crops, gpu = draw_cells(), this_machine(0)
    recorded = fit(crops, PLAN, machine=gpu).state_dict()
    monkeypatch.setattr("leukoscope_train.fit.captured", lambda network, *_: network)
    plain = fit(crops, PLAN, machine=gpu).state_dict()
    for name, value in plain.items():
        assert torch.allclose(value, recorded[name], atol=1e-3), name


def test_cells_are_varied_as_on_the_processor() -> None:
    crops = torch.from_numpy(draw_cells(32, 8).pixels)
    mean = []
    for device in ("cpu", "cuda"):
        chance = torch.Generator(device).manual_seed(1)
        varied = vary(crops.to(device), 24, "masked", Variation(), chance).float().cpu()
        inside = varied.amax(3) > 0
        mean.append([float(inside.float().mean()), float(varied[inside].mean())])
    assert np.allclose(mean[0], mean[1], rtol=0.05)


def test_colours_are_finished_as_on_the_processor() -> None:
    crops = torch.from_numpy(draw_cells().pixels).permute(0, 3, 1, 2).float()
    inside = (crops.amax(1, keepdim=True) > 0).float()
    here = finish_batch(crops, inside, "masked-standardised")
    there = finish_batch(crops.cuda(), inside.cuda(), "masked-standardised").cpu()
    assert (here.int() - there.int()).abs().max() <= 1


@pytest.mark.parametrize("architecture", ["resnet50", "alexnet"])
def test_a_network_judges_as_on_the_processor(architecture: str) -> None:
    plan = replace(PLAN, architecture=architecture)
    this_machine(0)
    torch.manual_seed(0)
    network = make_network(plan.architecture, 128).eval()
    shown = np.repeat(np.repeat(kept_crops(draw_cells(), plan), 5, 1), 5, 2)
    shown = np.ascontiguousarray(np.pad(shown, ((0, 0), (4, 4), (4, 4), (0, 0))))
    here = margins(network, shown[:8])
    there = margins(network.cuda(), shown[:8])
    assert np.abs(here - there).max() < 1e-3
