"""Fit a network to crops: balanced by class and person, resumable after a kill.

A checkpoint holds the weights, their running mean, the optimiser and both random
states; a resumed run gives the same weights, bit for bit, as one never interrupted.
"""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from leukoscope_edge.types import F64, U8
from leukoscope_edge.vision.crop import Colour
from leukoscope_train.augment import Recipe, keep, vary
from leukoscope_train.cells import I64, CropSet, DataError, concatenate
from leukoscope_train.networks import Architecture, make_network

INPUT_MEAN = (0.25, 0.25, 0.25)
INPUT_STD = (0.25, 0.25, 0.25)
"""Of pixel / 255: about the mean and spread of a standardised cell with its black
surroundings, the same for every channel so that they stay alike."""
PERSON_CAP_CELLS = 100
"""A person with more cells is drawn no more often (C-NMC: 9 to 1,053 cells each)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitPlan:
    """Everything that decides a fit, beside the crops.

    Attributes:
        architecture: The network.
        side_px: Side of its input.
        colour: How colour is made alike.
        n_epochs: Passes; one pass draws `n_draws` cells.
        n_draws: Cells drawn per pass.
        batch: Cells per step.
        peak_rate: Highest learning rate, of one warm-up and a cosine.
        decay: AdamW's weight decay.
        smoothing: Label smoothing.
        average: Decay per step of the running mean of the weights.
        extra_share: Share of the normal draws from sources without known people.
        seed: Of everything.
        recipe: How cells are varied.
    """

    architecture: Architecture = "alexnet-compact"
    side_px: int = 128
    colour: Colour = "masked-standardised"
    n_epochs: int = 12
    n_draws: int = 3072
    batch: int = 64
    peak_rate: float = 3e-3
    decay: float = 0.05
    smoothing: float = 0.05
    average: float = 0.98
    extra_share: float = 0.4
    seed: int = 0
    recipe: Recipe = field(default_factory=Recipe)


def draw_weights(crops: CropSet, extra_share: float) -> F64:
    """Return (N,) chances by which cells are drawn, balanced by class and person.

    Both classes get half. In a class each person counts by the number of cells, up
    to a cap. Cells of unknown people share `extra_share` of their class, by source
    and name of the class folder alike.
    """
    weights = np.zeros(len(crops))
    for label in (0, 1):
        known = (crops.labels == label) & (crops.people != "")
        extra = (crops.labels == label) & (crops.people == "")
        for person in np.unique(crops.people[known]):
            here = known & (crops.people == person)
            weights[here] = min(here.sum(), PERSON_CAP_CELLS) / here.sum()
        share = extra_share if known.any() and extra.any() else float(extra.any())
        weights[known] *= (1 - share) / max(weights[known].sum(), 1e-12)
        for source in np.unique(crops.sources[extra]):
            here = extra & (crops.sources == source)
            n_sources = len(np.unique(crops.sources[extra]))
            weights[here] = share / n_sources / here.sum()
    return np.asarray(weights / weights.sum(), np.float64)


def fit(
    crops: CropSet, plan: FitPlan, *, checkpoint: Path | None = None, note: str = ""
) -> nn.Module:
    """Fit a fresh network, or resume from a checkpoint of the same plan and crops.

    Args:
        crops: The cells, on a canvas at least as large as the plan's side.
        plan: What to do.
        checkpoint: Where to keep the state after every pass.
        note: Shown beside the progress bar.

    Returns:
        The network with the running mean of its weights, in evaluation mode.

    Raises:
        DataError: Only one class is present, or the checkpoint is of another plan.
    """
    if len(np.unique(crops.labels)) < 2:
        raise DataError("training needs both classes")
    state = _State(crops, plan)
    start = state.load(checkpoint) if checkpoint and checkpoint.exists() else 0
    for epoch in tqdm(range(start, plan.n_epochs), desc=note, disable=None):
        _one_pass(state, crops, plan, epoch)
        if checkpoint:
            state.save(checkpoint, epoch + 1)
    state.mean.eval()
    return state.mean


class _State:
    """The network in training, and all that a resumed run needs."""

    def __init__(self, crops: CropSet, plan: FitPlan) -> None:
        torch.manual_seed(plan.seed)
        self.network = make_network(plan.architecture)
        self.mean = make_network(plan.architecture)
        self.mean.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), plan.peak_rate, weight_decay=plan.decay
        )
        n_steps = plan.n_epochs * (plan.n_draws // plan.batch)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, plan.peak_rate, n_steps, pct_start=0.15
        )
        self.key = _key(crops, plan)

    def parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "mean": self.mean,
            "optimiser": self.optimiser,
            "schedule": self.schedule,
        }

    def save(self, path: Path, epoch: int) -> None:
        """Write aside, then rename: a full disk leaves the previous one alone."""
        states = {name: part.state_dict() for name, part in self.parts().items()}
        aside = path.with_suffix(".part")
        torch.save({"key": self.key, "epoch": epoch, **states}, aside)
        aside.replace(path)

    def load(self, path: Path) -> int:
        try:
            stored = torch.load(path, weights_only=True)
        except Exception as err:  # torch raises many kinds for a damaged file
            raise DataError(f"{path}: is not a checkpoint: {err}") from err
        if stored.get("key") != self.key:
            raise DataError(f"{path}: is of another plan or other cells; remove it")
        for name, part in self.parts().items():
            part.load_state_dict(stored[name])
        return int(stored["epoch"])


def _key(crops: CropSet, plan: FitPlan) -> str:
    digest = hashlib.sha256(json.dumps(asdict(plan), sort_keys=True).encode())
    digest.update("\n".join(crops.names.tolist()).encode())
    digest.update(crops.labels.tobytes())
    return digest.hexdigest()


def _one_pass(state: _State, crops: CropSet, plan: FitPlan, epoch: int) -> None:
    state.network.train()
    loss_of = nn.CrossEntropyLoss(label_smoothing=plan.smoothing)
    for pixels, labels in _batches(crops, plan, epoch):
        with torch.autocast("cpu", torch.bfloat16):
            logits = state.network(pixels)
        loss = loss_of(logits.float(), labels)
        state.optimiser.zero_grad()
        loss.backward()
        state.optimiser.step()
        state.schedule.step()
        _average(state.mean, state.network, plan.average)


@torch.no_grad()
def _average(mean: nn.Module, network: nn.Module, decay: float) -> None:
    own = mean.state_dict()
    for name, value in network.state_dict().items():
        if value.dtype.is_floating_point:
            own[name].lerp_(value, 1 - decay)
        else:
            own[name].copy_(value)


def _batches(
    crops: CropSet, plan: FitPlan, epoch: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield varied batches, prepared one ahead in a thread."""
    random = np.random.default_rng([plan.seed, epoch])
    chances = draw_weights(crops, plan.extra_share)
    n_batches = plan.n_draws // plan.batch
    drawn = random.choice(len(crops), (n_batches, plan.batch), p=chances)

    def prepare(index: int) -> tuple[torch.Tensor, torch.Tensor]:
        own = np.random.default_rng([plan.seed, epoch, index])
        varied = [
            vary(crops.pixels[i], plan.side_px, plan.colour, plan.recipe, own)
            for i in drawn[index]
        ]
        return as_input(np.stack(varied)), torch.from_numpy(crops.labels[drawn[index]])

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(prepare, 0)
        for index in range(n_batches):
            batch = ahead.result()
            if index + 1 < n_batches:
                ahead = pool.submit(prepare, index + 1)
            yield batch


def as_input(crops: U8) -> torch.Tensor:
    """Turn (N, side, side, 3) uint8 crops into the network's normalised input."""
    level = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor(INPUT_MEAN).view(1, 3, 1, 1)
    std = torch.tensor(INPUT_STD).view(1, 3, 1, 1)
    return ((level - mean) / std).to(memory_format=torch.channels_last)


def kept_crops(crops: CropSet, side_px: int, colour: Colour) -> U8:
    """Return all crops unvaried, as the device would cut them."""
    return np.stack([keep(c, side_px, colour) for c in crops.pixels])


@torch.no_grad()
def margins(network: nn.Module, crops: U8, batch: int = 64) -> F64:
    """Return (N,) logit of blast minus logit of normal."""
    network.eval()
    parts = [
        network(as_input(crops[start : start + batch])).double()
        for start in range(0, len(crops), batch)
    ]
    logits = torch.cat(parts)
    return np.asarray((logits[:, 1] - logits[:, 0]).numpy(), np.float64)


def out_of_fold_margins(
    crops: CropSet,
    extra: CropSet | None,
    fold_of: I64,
    plan: FitPlan,
    folder: Path,
) -> F64:
    """Fit once per fold and return (N,) margins of cells whose person was not seen.

    Args:
        crops: Cells with known people.
        extra: Cells of unknown people, in training only; or None.
        fold_of: (N,) fold of every cell of `crops`.
        plan: What to do.
        folder: Where each fold's network and checkpoint go.
    """
    found = np.full(len(crops), np.nan)
    for fold in np.unique(fold_of):
        seen = crops.pick(fold_of != fold)
        training = seen if extra is None else concatenate([seen, extra])
        network = fit(
            training, plan, checkpoint=folder / f"fold{fold}.ckpt", note=f"fold {fold}"
        )
        torch.save(network.state_dict(), folder / f"fold{fold}.pt")
        held = fold_of == fold
        shown = kept_crops(crops.pick(held), plan.side_px, plan.colour)
        found[held] = margins(network, shown)
    return np.asarray(found, np.float64)
