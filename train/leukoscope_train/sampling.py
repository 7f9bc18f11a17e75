"""Which cells are drawn in a pass, and how their batches are made ready."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from leukoscope_edge.arrays import F64, U8
from leukoscope_train.children import safe_path
from leukoscope_train.data import I64, CropSet, compress, keep, vary
from leukoscope_train.distributed import Machine
from leukoscope_train.plan import FitPlan

PERSON_CAP_CELLS = 100
"""A person with more cells is drawn no more often (C-NMC: 9 to 1,053 cells each)."""

OTHER_KIND = 2
"""Label of a cell that is not lymphoid, for networks that ask for the kind first."""

Batch = tuple[torch.Tensor, torch.Tensor]


def draw_weights(crops: CropSet, plan: FitPlan) -> F64:
    """Return (N,) chances by which cells are drawn.

    By `people` every class gets the same, and in a class each person counts by the
    number of cells, up to a cap. Cells of unknown people share `extra_share` of their
    class, each source alike. Where the kind is asked first, other kinds than lymphoid
    are a class of their own. By `cells` every cell gets the same.
    """
    if plan.sampling == "cells":
        return np.full(len(crops), 1 / len(crops))
    weights, labels = np.zeros(len(crops)), labels_for(crops, plan)
    for label in np.unique(labels):
        _weigh_class(crops, labels == label, plan.extra_share, weights)
    return np.asarray(weights / weights.sum(), np.float64)


def labels_for(crops: CropSet, plan: FitPlan) -> I64:
    """Return (N,) what the plan's network learns: the label, or OTHER_KIND."""
    if not plan.asks_kind:
        return crops.labels
    return np.where(crops.lymphoid, crops.labels, OTHER_KIND)


def _weigh_class(
    crops: CropSet, of_class: np.ndarray, extra_share: float, weights: F64
) -> None:
    """Write the weights of one class, which sum to 1."""
    known = of_class & (crops.people != "")
    extra = of_class & (crops.people == "")
    for person in np.unique(crops.people[known]):
        here = known & (crops.people == person)
        weights[here] = min(here.sum(), PERSON_CAP_CELLS) / here.sum()
    share = extra_share if known.any() and extra.any() else float(extra.any())
    weights[known] *= (1 - share) / max(weights[known].sum(), 1e-12)
    sources = np.unique(crops.sources[extra])
    for source in sources:
        here = extra & (crops.sources == source)
        weights[here] = share / len(sources) / here.sum()


class _Stored(Dataset[tuple[torch.Tensor, torch.Tensor, int]]):
    """The batches of a fit, each of its own chance: order and workers are free."""

    def __init__(
        self, crops: CropSet, plan: FitPlan, machine: Machine, start: int
    ) -> None:
        self.crops, self.plan, self.machine, self.start = crops, plan, machine, start
        self.labels = labels_for(crops, plan)
        self.weights = draw_weights(crops, plan)
        self.drawn: tuple[int, I64] | None = None

    def __len__(self) -> int:
        return (self.plan.n_epochs - self.start) * self.plan.n_batches

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Return a batch as stored but for JPEG, and the seed of its further chance."""
        plan, rank = self.plan, self.machine.rank
        epoch, index = divmod(self.start * plan.n_batches + index, plan.n_batches)
        random = np.random.default_rng([plan.seed, epoch, index, rank])
        chosen = self._drawn_in(epoch)[index][rank :: self.machine.n_ranks]
        stored = [
            compress(self.crops.pixels[i], plan.recipe.jpeg, random) for i in chosen
        ]
        labels = torch.from_numpy(self.labels[chosen])
        seed = int(random.integers(2**63))
        return torch.from_numpy(np.stack(stored)), labels, seed

    def _drawn_in(self, epoch: int) -> I64:
        """Return (n_batches, batch) of the cells drawn in a pass."""
        if self.drawn is None or self.drawn[0] != epoch:
            random = np.random.default_rng([self.plan.seed, epoch])
            size = (self.plan.n_batches, self.plan.batch)
            self.drawn = epoch, random.choice(len(self.labels), size, p=self.weights)
        return self.drawn[1]


def batches(
    crops: CropSet, plan: FitPlan, machine: Machine, start: int = 0
) -> Iterator[Batch]:
    """Yield this process's part of every batch from a pass on, on its device.

    A batch is uint8 RGB crops, (n, side, side, 3), and int64 labels.
    """
    device = machine.device
    loader = DataLoader(
        _Stored(crops, plan, machine, start),
        batch_size=None,
        num_workers=machine.n_workers,
        multiprocessing_context="spawn" if machine.n_workers else None,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),  # else it draws from what dropout draws from
    )
    chance = torch.Generator(device)
    with safe_path():
        read_ahead = iter(loader)
    for stored, labels, seed in read_ahead:
        varied = vary(
            stored.to(device, non_blocking=True),
            plan.side_px,
            plan.colour,
            plan.recipe,
            chance.manual_seed(seed),
            plan.contrast,
        )
        yield varied, labels.to(device, non_blocking=True)


def kept_crops(crops: CropSet, plan: FitPlan) -> U8:
    """Return all crops unvaried, as the device would cut them."""
    return np.stack(
        [keep(c, plan.side_px, plan.colour, plan.contrast) for c in crops.pixels]
    )
