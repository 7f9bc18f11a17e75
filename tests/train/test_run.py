"""The final network of a run."""

from pathlib import Path

import pytest
from tests.train.tiny_plans import PLAN

from leukoscope_train.errors import DataError
from leukoscope_train.fit import save_weights
from leukoscope_train.networks import make_network
from leukoscope_train.run import fitted_network


def test_a_fitted_network_of_another_architecture_is_refused(tmp_path: Path) -> None:
    save_weights(make_network("alexnet-compact"), tmp_path / "final.pt")
    with pytest.raises(DataError, match="no fitted network"):
        fitted_network(tmp_path, PLAN)
