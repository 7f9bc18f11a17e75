"""Several processes share one fit."""

import pytest

from leukoscope_train.data.cells import DataError
from leukoscope_train.distributed import HERE, Machine, refuse_unfit


def test_a_batch_that_does_not_divide_is_refused() -> None:
    three = Machine(device=HERE.device, n_ranks=3)
    with pytest.raises(DataError, match="divide by 3"):
        refuse_unfit(three, "bf16", 16)
