"""The plan of a fit: everything that decides it, beside the crops and the machine.

A plan is a TOML file of this dataclass's keys; every step that can be switched is a
key here, so that an ablation is one line in one file.
"""

from dataclasses import dataclass, field
from typing import Literal

from leukoscope_edge.vision import Colour
from leukoscope_train.data import Contrast, Variation
from leukoscope_train.networks import Architecture

Sampling = Literal["people", "cells"]
Precision = Literal["bf16", "fp32"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitPlan:
    """Everything that decides a fit, beside the crops.

    Attributes:
        architecture: The network.
        side_px: Side of its input.
        colour: How colour is made alike.
        contrast: How local contrast is raised after that; the device raises none, so
            a plan with `clahe` is for comparison and is never exported.
        n_epochs: Passes; one pass draws `n_draws` cells. 0 with `heads_first` alone.
        n_draws: Cells drawn per pass.
        batch: Cells per step, of all machines together.
        peak_rate: Highest learning rate, of the head.
        rate_ratio: Rate of the first layers as a fraction of the head's; the layers
            between follow geometrically.
        warm_up: Share of the steps in which the rate rises; it then falls by a cosine.
        decay: AdamW's weight decay.
        smoothing: Label smoothing.
        average: Decay per step of the running mean of the weights; 0 keeps the last.
        sampling: `people`: both classes, and in each the people, are drawn alike;
            `cells`: every cell alike.
        extra_share: Share of the normal draws from sources without known people.
        start: File of weights to begin with; "" begins from chance.
        heads_first: Whether the heads begin as logistic regressions on the features of
            the start; without passes they are all that is learned.
        heads_c: Inverse strength of the penalty of those regressions, C in
            scikit-learn, of standardised features.
        people_alike: How little the blast head may look where healthy people differ;
            0 lets it look everywhere.
        precision: Of the forward pass and the gradients.
        seed: Of everything.
        recipe: How cells are varied.
    """

    architecture: Architecture = "alexnet-compact"
    side_px: int = 128
    colour: Colour = "masked-standardised"
    contrast: Contrast = "none"
    n_epochs: int = 12
    n_draws: int = 3072
    batch: int = 64
    peak_rate: float = 3e-3
    rate_ratio: float = 1.0
    warm_up: float = 0.15
    decay: float = 0.05
    smoothing: float = 0.05
    average: float = 0.98
    sampling: Sampling = "people"
    extra_share: float = 0.4
    start: str = ""
    heads_first: bool = False
    heads_c: float = 1e-3
    people_alike: float = 0.0
    precision: Precision = "bf16"
    seed: int = 0
    recipe: Variation = field(default_factory=Variation)

    def __post_init__(self) -> None:
        if self.n_epochs < 0 or (self.n_epochs == 0 and not self.heads_first):
            raise ValueError("'n_epochs' must be positive, or 0 with 'heads_first'")
        if self.people_alike < 0:
            raise ValueError(f"'people_alike' must not be below 0: {self.people_alike}")
        for name in ("side_px", "batch", "peak_rate", "heads_c"):
            if not getattr(self, name) > 0:
                raise ValueError(f"'{name}' must be positive")
        if self.n_draws < self.batch:
            raise ValueError(f"'n_draws' must be at least a batch of {self.batch}")
        if not 0 < self.rate_ratio <= 1:
            raise ValueError(f"'rate_ratio' must lie in 0..1, got {self.rate_ratio}")
        if not 0 < self.warm_up < 1:
            raise ValueError(f"'warm_up' must lie in 0..1, got {self.warm_up}")
        for name in ("smoothing", "average", "extra_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"'{name}' must lie in 0..1, below 1")

    @property
    def asks_kind(self) -> bool:
        """Whether the network first asks if a cell is lymphoid at all."""
        return self.architecture.endswith("-kind-first")

    @property
    def n_batches(self) -> int:
        """Steps of one pass."""
        return self.n_draws // self.batch
