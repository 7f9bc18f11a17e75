"""A network is recorded on a single GPU alone, and rounded as its plan says."""

from dataclasses import replace

import pytest
import torch
from tests.train.tiny_plans import PLAN

from leukoscope_train.cuda_graphs import autocast, captured
from leukoscope_train.distributed import HERE, Machine
from leukoscope_train.plan import Precision


@pytest.mark.parametrize(
    "machine", [HERE, Machine(device=torch.device("cuda"), n_ranks=2)]
)
def test_elsewhere_the_network_stays_as_it_is(machine: Machine) -> None:
    network = torch.nn.BatchNorm2d(3).eval()
    assert captured(network, PLAN, machine) is network
    assert not network.training


@pytest.mark.parametrize(
    ("precision", "dtype"), [("bf16", torch.bfloat16), ("fp32", torch.float32)]
)
def test_a_pass_is_rounded_as_the_plan_says(
    precision: Precision, dtype: torch.dtype
) -> None:
    a = torch.ones(2, 2)
    with autocast(replace(PLAN, precision=precision), HERE):
        assert (a @ a).dtype == dtype
        assert not torch.is_autocast_cache_enabled()
