"""Teach a network the kinds of cells of several laboratories, or let another teach it.

A teacher begins with ImageNet's weights and keeps its batch-norm statistics as they
came: fitted statistics are those of the laboratories that taught. A pupil without a
start learns them, and holds them fixed for the last part of its fit.

Source: Hinton et al. 2015 and Beyer et al. 2022 (distillation on equally varied views);
Tsutsui et al. 2023, arXiv 2303.01777 (white cells, batch norm and domain shift).
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.durable import whole_file
from leukoscope_edge.vision import COVER
from leukoscope_train.data import (
    KINDS,
    LabCells,
    Variation,
    compress,
    draw_chances,
    keep,
    vary,
)
from leukoscope_train.distil import Lesson, LessonCells, mixed, pooled_and_logits
from leukoscope_train.errors import DataError
from leukoscope_train.networks import (
    SIDE_PX,
    Architecture,
    as_input,
    load_start,
    make_network,
)

SMALL_LOGITS = 0.005
"""Penalty on the logits' mean square: a teacher should not be certain of anything."""
ROOM = 9 / 8
"""Side of a stored crop over the network's: room to turn and shift."""
PAIR_ALONE = ("blast", "B-precursor")
"""What C-NMC's cells teach: one of the other, and nothing about blood's kinds."""
WARM_STEPS = 60
CHECKPOINT_S = 120.0
CHECKPOINT_SUFFIX = ".ckpt"
HEAD_FACTOR = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachPlan:
    """Everything that decides a fit.

    Attributes:
        architecture: Of the network, one that ends in `-kinds`.
        start: Weights to begin with, or another fit's checkpoint; "" for fresh ones.
        side_px: Side of the network's input.
        n_draws: Cells drawn in all.
        batch: Cells of a step.
        rate: Highest learning rate, of AdamW.
        weight_decay: Of AdamW.
        fixed_from: Share of the fit after which batch-norm statistics stand still;
            0 keeps the start's.
        half: Multiply in bfloat16.
        seed: Of draws and fresh weights.
        recipe: How cells are varied.
    """

    architecture: Architecture
    start: str = ""
    side_px: int = 128
    n_draws: int = 9600
    batch: int = 32
    rate: float = 5e-4
    weight_decay: float = 0.02
    fixed_from: float = 0.0
    half: bool = False
    seed: int = 0
    recipe: Variation = Variation(  # noqa: RUF009 - frozen
        scale=0.165, shift=0.05, blur_px=1.8, noise=5.0, mix=0.07, gain=0.15, gamma=0.35
    )

    @property
    def n_steps(self) -> int:
        """Steps of the fit."""
        return max(1, self.n_draws // self.batch)


@dataclass(frozen=True, slots=True)
class Batch:
    """Varied cells, their kinds, and which logits each may be judged by."""

    crops: torch.Tensor
    targets: torch.Tensor
    open_kinds: torch.Tensor


def _batches(cells: LabCells, plan: TeachPlan, start: int) -> Iterator[Batch]:
    """Yield batches, the next made ready while one is learned."""
    chances = draw_chances(cells)
    targets = torch.from_numpy(cells.targets)
    kinds_open = torch.from_numpy(_open_kinds(cells))
    pixels, recipe = shrunk(cells.pixels, plan.side_px), _recipe_at(plan)

    def ready(step: int) -> Batch:
        random = np.random.default_rng([plan.seed, step])
        chosen = random.choice(len(cells), plan.batch, p=chances)
        stored = np.stack([compress(pixels[i], recipe.jpeg, random) for i in chosen])
        chance = torch.Generator().manual_seed(int(random.integers(2**63)))
        varied = vary(torch.from_numpy(stored), plan.side_px, "masked", recipe, chance)
        return Batch(varied, targets[chosen], kinds_open[chosen])

    with ThreadPoolExecutor(1) as ahead:
        waiting = ahead.submit(ready, start)
        for step in range(start, plan.n_steps):
            batch = waiting.result()
            if step + 1 < plan.n_steps:
                waiting = ahead.submit(ready, step + 1)
            yield batch


def shrunk(pixels: U8, side_px: int) -> U8:
    """Return stored crops on the canvas of a network's side; no cell meets the black.

    Args:
        pixels: (N, canvas, canvas, 3) uint8 RGB, 0 outside the cell.
        side_px: Of the network's input.

    Raises:
        DataError: They are stored smaller than that.
    """
    canvas_px = round(side_px * ROOM)
    if pixels.shape[1] == canvas_px:
        return pixels
    if pixels.shape[1] < canvas_px:
        raise DataError(
            f"cells are stored on {pixels.shape[1]} px, expected {canvas_px} or more; "
            f"`gather --side-px {side_px}` cuts them anew"
        )
    return np.stack([_shrunk(crop, canvas_px) for crop in pixels])


def _shrunk(crop: U8, canvas_px: int) -> U8:
    size = (canvas_px, canvas_px)
    inside = (crop.max(axis=2) > 0).astype(np.float32)
    cover = cv2.resize(inside, size, interpolation=cv2.INTER_AREA)
    mixed = cv2.resize(crop.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    level = mixed / np.maximum(cover, 1e-3)[..., None]
    grey = np.clip(np.rint(level), 1, 255) * (cover >= COVER)[..., None]
    return np.asarray(grey, np.uint8)


def _recipe_at(plan: TeachPlan) -> Variation:
    """Return the recipe with what is told in pixels at the plan's side."""
    share = plan.side_px / SIDE_PX
    return replace(
        plan.recipe,
        rim_px=plan.recipe.rim_px * share,
        blur_px=plan.recipe.blur_px * share,
    )


def _open_kinds(cells: LabCells) -> F32:
    """Return (N, K): 0 where a kind is open to a cell, minus infinity where not."""
    closed = np.zeros((len(cells), len(KINDS)), np.float32)
    shut = [i for i, k in enumerate(KINDS) if k not in PAIR_ALONE]
    closed[np.ix_(cells.laboratories == "cnmc", shut)] = -1e4
    return closed


def teach(
    cells: LabCells,
    plan: TeachPlan,
    *,
    teachers: list[nn.Module] | None = None,
    checkpoint: Path | None = None,
    say: Callable[[str], None] = print,
) -> nn.Module:
    """Fit a network; resume where a checkpoint of the same plan lies.

    Args:
        cells: Of the laboratories that teach, on a canvas with room to turn.
        plan: What to do.
        teachers: Networks whose mean word a pupil learns beside the truth.
        checkpoint: Where the state is kept.
        say: Told the loss now and then.

    Raises:
        DataError: There are no blasts or nothing else, or the start does not fit.
    """
    if len(np.unique(cells.is_blast)) < 2:
        raise DataError("teaching needs blasts and other kinds")
    torch.manual_seed(plan.seed)
    network = make_network(plan.architecture, plan.side_px)
    if plan.start and not _goes_on(plan):
        load_start(network, Path(plan.start))
    network = network.to(memory_format=torch.channels_last)
    fit = nn.ModuleDict({"network": network})
    lesson = Lesson(network, teachers) if teachers else None
    if lesson is not None:
        fit["lesson"] = lesson
    if _goes_on(plan):
        _go_on(fit, Path(plan.start))
    optimiser = torch.optim.AdamW(_groups(fit, plan), lr=plan.rate)
    first = _resume(checkpoint, plan, fit, optimiser)
    said = saved = time.monotonic()
    running = 0.0
    for step, batch in enumerate(_batches(cells, plan, first), first):
        _set_rate(optimiser, plan, step)
        _set_norms(network, fixed=step >= plan.fixed_from * plan.n_steps)
        loss = _loss(network, lesson, batch, plan, step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        running = 0.98 * running + 0.02 * float(loss.detach())
        now = time.monotonic()
        if now - said > 20:
            said = now
            say(f"step {step + 1} of {plan.n_steps}: loss {running:.4f}")
        if checkpoint and (now - saved > CHECKPOINT_S or step + 1 == plan.n_steps):
            saved = now
            _save(checkpoint, plan, fit, optimiser, step + 1)
    return network.eval()


def _goes_on(plan: TeachPlan) -> bool:
    """Whether a fit begins with another one's checkpoint, lesson included."""
    return plan.start.endswith(CHECKPOINT_SUFFIX)


def _go_on(fit: nn.Module, checkpoint: Path) -> None:
    """Load another fit's network and lesson.

    Raises:
        DataError: It is no checkpoint, or one of another network or other teachers.
    """
    try:
        fit.load_state_dict(torch.load(checkpoint, weights_only=True)["fit"])
    except Exception as err:  # torch raises many kinds for a damaged file
        first = str(err).partition("\n")[0]
        raise DataError(f"{checkpoint}: no checkpoint of this fit: {first}") from err


def _groups(network: nn.Module, plan: TeachPlan) -> list[dict[str, object]]:
    """Biases and norms do not decay; a new head on a start learns faster."""
    plain: list[nn.Parameter] = []
    bare: list[nn.Parameter] = []
    head: list[nn.Parameter] = []
    for name, value in network.named_parameters():
        if name.startswith("network.head."):
            head.append(value)
        else:
            (bare if value.ndim < 2 else plain).append(value)
    head_factor = HEAD_FACTOR if plan.start and not _goes_on(plan) else 1.0
    return [
        {"params": plain, "weight_decay": plan.weight_decay, "factor": 1.0},
        {"params": bare, "weight_decay": 0.0, "factor": 1.0},
        {"params": head, "weight_decay": 0.0, "factor": head_factor},
    ]


def _set_rate(optimiser: torch.optim.Optimizer, plan: TeachPlan, step: int) -> None:
    """Warm up, then follow a cosine to nothing."""
    n_warm = max(1, min(WARM_STEPS, plan.n_steps // 10))
    warm = min(1.0, (step + 1) / n_warm)
    rate = plan.rate * warm * 0.5 * (1 + math.cos(math.pi * step / plan.n_steps))
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


def _set_norms(network: nn.Module, *, fixed: bool) -> None:
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train(not fixed)


def _loss(
    network: nn.Module,
    lesson: Lesson | None,
    batch: Batch,
    plan: TeachPlan,
    step: int,
) -> torch.Tensor:
    ready = as_input(batch.crops.numpy()).to(memory_format=torch.channels_last)
    nobody = torch.zeros(len(ready), dtype=torch.bool)
    seen = LessonCells(ready, batch.targets, batch.open_kinds, nobody)
    if lesson is not None:
        seen = mixed(seen, step)
    pooled, logits = pooled_and_logits(network, seen.ready, half=plan.half)
    if lesson is not None:
        return lesson.loss(pooled, logits, seen, half=plan.half)
    hard = functional.cross_entropy(logits + seen.open_kinds, seen.targets)
    small: torch.Tensor = SMALL_LOGITS * logits.square().mean()
    return hard + small


def _resume(
    checkpoint: Path | None,
    plan: TeachPlan,
    fit: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> int:
    if checkpoint is None or not checkpoint.exists():
        return 0
    stored = torch.load(checkpoint, weights_only=True)
    if stored["plan"] != repr(asdict(plan)):
        raise DataError(f"{checkpoint}: of another plan; remove it or name another")
    fit.load_state_dict(stored["fit"])
    optimiser.load_state_dict(stored["optimiser"])
    return int(stored["step"])


def _save(
    checkpoint: Path,
    plan: TeachPlan,
    fit: nn.Module,
    optimiser: torch.optim.Optimizer,
    step: int,
) -> None:
    state = {
        "plan": repr(asdict(plan)),
        "fit": fit.state_dict(),
        "optimiser": optimiser.state_dict(),
        "step": step,
    }
    with whole_file(checkpoint) as file:
        torch.save(state, file)


def kept(cells: LabCells, side_px: int) -> U8:
    """Return all crops unvaried, as the device cuts them."""
    crops = shrunk(cells.pixels, side_px)
    return np.stack([keep(crop, side_px, "masked") for crop in crops])


@torch.no_grad()
def kind_logits(network: nn.Module, crops: U8, batch: int = 64) -> F32:
    """Return (N, K) float32 logits of kinds.

    Args:
        network: One that ends in kinds.
        crops: (N, side, side, 3) uint8 RGB.
        batch: Crops at once.
    """
    network.eval()
    parts = [
        network(
            as_input(crops[i : i + batch]).to(memory_format=torch.channels_last)
        ).numpy()
        for i in range(0, len(crops), batch)
    ]
    return np.concatenate(parts)
