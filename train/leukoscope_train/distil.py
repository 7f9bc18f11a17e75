"""What a pupil learns from teachers: their word, their features, also between cells.

A pupil that starts from nothing knows neither edges nor stains. The pooled features of
a teacher that came from ImageNet tell it what to look at; mixes of two cells show it
how the teacher judges where no laboratory lies.

Source: Hinton et al. 2015 (soft targets); Romero et al. 2015 (features as hints); Beyer
et al. 2022 (the same view for both, mixes of pictures).
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

SOFT_SHARE = 0.7
"""Of a pupil's loss on a cell: the teachers' word; the rest is the truth."""
SOFT_TEMPERATURE = 2.0
FEATURE_SHARE = 1.0
"""Weight of the features' gap: 1 is what a pupil that knows nothing is charged."""
MIXED_SHARE = 0.3
"""Of the cells of a step: blended with another, and judged by teachers alone."""
MIXED_LEAST = 0.5
"""A blend shows its first cell at least as strongly as its second."""


@dataclass(frozen=True, slots=True)
class LessonCells:
    """A step's cells as a pupil and its teachers see them.

    Attributes:
        ready: (N, 3, side, side) normalised crops.
        targets: (N,) places of the kinds.
        open_kinds: (N, K) added to the logits: 0 where a kind is open.
        is_mixed: (N,) cells that are blends; no kind is theirs.
    """

    ready: torch.Tensor
    targets: torch.Tensor
    open_kinds: torch.Tensor
    is_mixed: torch.Tensor


def mixed(seen: LessonCells, seed: int) -> LessonCells:
    """Blend the last cells of a step with the first ones."""
    n_cells = len(seen.ready)
    n_mixed = round(MIXED_SHARE * n_cells)
    if n_mixed == 0 or 2 * n_mixed > n_cells:
        return seen
    chance = torch.Generator().manual_seed(seed)
    part = MIXED_LEAST + (1 - MIXED_LEAST) * torch.rand(n_mixed, generator=chance)
    part = part.view(-1, 1, 1, 1)
    ready, opened = seen.ready.clone(), seen.open_kinds.clone()
    ready[-n_mixed:] = part * ready[-n_mixed:] + (1 - part) * ready[:n_mixed]
    opened[-n_mixed:] = torch.maximum(opened[-n_mixed:], opened[:n_mixed])
    is_mixed = torch.arange(n_cells) >= n_cells - n_mixed
    return LessonCells(ready, seen.targets, opened, is_mixed)


class Lesson(nn.Module):
    """Teachers, and the layer that turns a pupil's features into theirs.

    The layer is part of the fit, and of its checkpoint, and not of the network.
    """

    def __init__(self, pupil: nn.Module, teachers: list[nn.Module]) -> None:
        super().__init__()
        self._teachers = teachers  # a plain list's modules are not this one's weights
        widths = [_width(teacher) for teacher in teachers]
        self.to_teachers = nn.Linear(_width(pupil), sum(widths))

    @torch.no_grad()
    def words(
        self, seen: LessonCells, *, half: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (N, K) mean probabilities, softened, and (N, F) standard features."""
        soft, features = [], []
        for teacher in self._teachers:
            pooled, logits = pooled_and_logits(teacher, seen.ready, half=half)
            opened = (logits + seen.open_kinds) / SOFT_TEMPERATURE
            soft.append(opened.softmax(1))
            features.append(pooled)
        whole = torch.cat(features, 1)
        spread = whole.std(0, keepdim=True).clamp_min(1e-3)
        return torch.stack(soft).mean(0), (whole - whole.mean(0)) / spread

    def loss(
        self,
        pooled: torch.Tensor,
        logits: torch.Tensor,
        seen: LessonCells,
        *,
        half: bool,
    ) -> torch.Tensor:
        """Return what a pupil is charged for one step.

        Args:
            pooled: (N, C) its means over the map.
            logits: (N, K) its answers.
            seen: What it saw.
            half: Teachers multiply in bfloat16.
        """
        soft, features = self.words(seen, half=half)
        opened = logits + seen.open_kinds
        own = functional.log_softmax(opened / SOFT_TEMPERATURE, 1)
        gap = functional.kl_div(own, soft, reduction="batchmean")
        told = self.to_teachers(pooled)
        feature_gap = functional.mse_loss(told, features)
        plain = ~seen.is_mixed
        hard = functional.cross_entropy(opened[plain], seen.targets[plain])
        word: torch.Tensor = SOFT_SHARE * gap * SOFT_TEMPERATURE**2
        return word + (1 - SOFT_SHARE) * hard + FEATURE_SHARE * feature_gap


def pooled_and_logits(
    network: nn.Module, ready: torch.Tensor, *, half: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (N, C) means over the map and (N, K) logits of a pooled network."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        maps = network.features(ready)  # type: ignore[operator]
    pooled = maps.float().mean((2, 3))
    return pooled, network.judge(pooled)  # type: ignore[operator]


def _width(network: nn.Module) -> int:
    return int(network.head.in_features)  # type: ignore[union-attr, arg-type]
