"""With which weights a fit begins, and how fast each layer learns."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.train.tiny_plans import PLAN

from leukoscope_train.errors import DataError
from leukoscope_train.fit import begin, save_weights
from leukoscope_train.networks import make_network
from leukoscope_train.networks.init_weights import head_name, rate_groups


def test_first_layers_learn_slowest_and_the_head_fastest() -> None:
    groups = rate_groups(make_network("alexnet-tiny"), 0.01)
    shares = [share for share, _ in groups]
    assert shares[0] == pytest.approx(0.01)
    assert shares[-1] == 1
    assert shares == sorted(shares)
    assert sum(len(layer) for _, layer in groups) == len(
        list(make_network("alexnet-tiny").parameters())
    )


def test_weights_for_other_classes_give_all_but_the_head(tmp_path: Path) -> None:
    taught = begin(PLAN, 8)
    assert taught(torch.zeros(1, 3, 24, 24)).shape == (1, 8)
    save_weights(taught, tmp_path / "w.pt")
    started = begin(replace(PLAN, start=str(tmp_path / "w.pt")), 2).state_dict()
    head = head_name(taught)
    for name, value in taught.state_dict().items():
        if not name.startswith(head):
            assert torch.equal(value, started[name])
    assert started[f"{head}.weight"].shape[0] == 2


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    save_weights(make_network("alexnet-compact"), tmp_path / "w.pt")
    with pytest.raises(DataError, match="another architecture"):
        begin(replace(PLAN, start=str(tmp_path / "w.pt")), 2)
    (tmp_path / "w.pt").write_bytes(b"none")
    with pytest.raises(DataError, match="no weights"):
        begin(replace(PLAN, start=str(tmp_path / "w.pt")), 2)
