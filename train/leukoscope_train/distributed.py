"""Which processor fits, and how several share the work under `torchrun`."""

import gc
import os
import sys
from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import distributed

from leukoscope_train.errors import DataError

BF16_CAPABILITY = (8, 0)
"""CUDA compute capability from which bfloat16 is native (Ampere and later)."""
SAVE_EVERY_S = 60.0
"""A kill costs a minute or a pass, whichever is longer; a large network's state takes
as long to write as a pass on a GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One process of a fit.

    Attributes:
        device: Where the network lives.
        rank: Number of this process among all; 0 writes the files.
        n_ranks: Processes that share every batch.
        n_workers: Further processes that read cells ahead; 0 reads them in between.
        save_every_s: A checkpoint is written after a pass, but no sooner after the
            last one.
    """

    device: torch.device
    rank: int = 0
    n_ranks: int = 1
    n_workers: int = 0
    save_every_s: float = 0.0

    @property
    def writes(self) -> bool:
        """Whether this process writes files and draws progress bars."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait for the other processes."""
        if self.n_ranks > 1:
            distributed.barrier()


HERE = Machine(device=torch.device("cpu"))


def this_machine(n_workers: int) -> Machine:
    """Return this process's part, as `torchrun` gave it out, or the whole.

    Who shares a fit ends with `leave`. With a GPU, deterministic algorithms are asked
    for, so that a resumed run repeats, and float32 is float32.

    Raises:
        DataError: The GPU has no bfloat16; a plan then needs precision = "fp32".
    """
    local = int(os.environ.get("LOCAL_RANK", "0"))
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        _settle_gpu(local)
    n_ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if n_ranks > 1:
        distributed.init_process_group("nccl" if on_gpu else "gloo")
    return Machine(
        device=torch.device("cuda", local) if on_gpu else torch.device("cpu"),
        rank=int(os.environ.get("RANK", "0")),
        n_ranks=n_ranks,
        n_workers=n_workers,
        save_every_s=SAVE_EVERY_S,
    )


def leave() -> None:
    """End this process's part in a shared fit while Python is whole.

    Threads of the group that are left to the end of the process abort it. A network
    that was shared holds the group, and lies in a circle of its own.
    """
    if distributed.is_available() and distributed.is_initialized():
        gc.collect()
        distributed.destroy_process_group()


def end(status: int) -> NoReturn:
    """End the process; one that shared a fit, without taking Python down before.

    Gloo's threads may still hold tensors. One that asks for the interpreter while that
    goes down aborts the process, after all its work (PyTorch's pull request 179291).

    Args:
        status: Its exit status.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def _settle_gpu(local: int) -> None:
    torch.cuda.set_device(local)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False


def refuse_unfit(machine: Machine, precision: str, batch: int) -> None:
    """Refuse a plan that this machine cannot follow.

    Raises:
        DataError: Says what to change in the plan.
    """
    if batch % machine.n_ranks:
        raise DataError(f"'batch' {batch} must divide by {machine.n_ranks} processes")
    if machine.device.type == "cuda" and precision == "bf16":
        found = torch.cuda.get_device_capability(machine.device)
        if found < BF16_CAPABILITY:
            raise DataError('this GPU has no bfloat16: set precision = "fp32"')
