"""Several processes share one fit."""

import os
import subprocess
import sys

import pytest
from tests.rigs.running_service import free_port
from torch import distributed

from leukoscope_train.__main__ import main
from leukoscope_train.distributed import HERE, Machine, leave, refuse_unfit
from leukoscope_train.errors import DataError


def test_a_batch_that_does_not_divide_is_refused() -> None:
    three = Machine(device=HERE.device, n_ranks=3)
    with pytest.raises(DataError, match="divide by 3"):
        refuse_unfit(three, "bf16", 16)


ONE_OF_ONE = {
    "MASTER_ADDR": "127.0.0.1",
    "WORLD_SIZE": "1",
    "RANK": "0",
}


def test_a_part_in_a_shared_fit_ends_before_python_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (ONE_OF_ONE | {"MASTER_PORT": str(free_port())}).items():
        monkeypatch.setenv(name, value)
    distributed.init_process_group("gloo")
    assert main(["fit", "--work", "/no/such/folder"]) == 1
    assert not distributed.is_initialized()
    leave()  # of nothing


@pytest.mark.parametrize(("n_ranks", "said"), [("1", "now late "), ("2", "now ")])
def test_who_shared_a_fit_ends_without_taking_python_down(
    n_ranks: str, said: str
) -> None:
    code = (
        "import atexit\n"
        "from leukoscope_train.distributed import end\n"
        "atexit.register(print, 'late', end=' ')\n"
        "print('now', end=' ')\n"
        "end(3)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "WORLD_SIZE": n_ranks},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (3, said), ended.stderr
