"""What judges a stack of convolutions: the mean over the map and one dense layer.

The class activation map of each is exact: the mean of the map plus the bias is the
margin. `Pooled` tells blast from normal, `KindFirst` asks two questions, `Kinds` tells
every kind.
"""

import torch
from torch import nn
from torch.nn import functional

from leukoscope_train.data import KINDS

FAR_BELOW = 1e6
"""Taken off a logit, it leaves a softmax to the others."""


class Pooled(nn.Module):
    """Convolutions, the mean over the map, one dense layer.

    Source: Lin et al. 2014 (the pooled head), Zhou et al. 2016 (the map).
    """

    def __init__(self, features: nn.Module, n_features: int) -> None:
        super().__init__()
        self.features = features
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(n_features, 2)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Return (N, 2) logits of (N, 3, side, side) normalised crops."""
        return self.logits(self.features(crops))

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, 2) logits of (N, C, h, w) features."""
        return self.judge(self.pool(features).flatten(1))

    def judge(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return (N, 2) logits of (N, C) means over the map."""
        logits: torch.Tensor = self.head(pooled)
        return logits

    def activation_map(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, h, w): what each place adds to the margin, blast minus normal.

        The mean over the map plus the head's bias is the margin itself.
        """
        direction = self.head.weight[1] - self.head.weight[0]
        return functional.conv2d(features, direction[None, :, None, None]).squeeze(1)


class KindFirst(Pooled):
    """Two questions of the same features: is it lymphoid, and if so, is it a blast?

    A cell is called a blast only as far as both answers say so: the margin is the
    smaller of the two. Normal granulocytes can then teach what is lymphoid without
    teaching that another laboratory's cells are normal.

    Its class activation map is that of the second question, exact where the first one
    is answered clearly by yes.
    """

    blast_alone: torch.Tensor

    def __init__(self, features: nn.Module, n_features: int) -> None:
        super().__init__(features, n_features)
        self.other_kind = nn.Linear(n_features, 1)
        blast_alone = torch.tensor([0.0, 1.0])
        self.register_buffer("blast_alone", blast_alone, persistent=False)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Return (N, 2) logits; while training the (N, 3) answers of both questions."""
        features = self.features(crops)
        return self.answers(features) if self.training else self.logits(features)

    def answers(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, 3): normal and blast among lymphoid cells, margin of other kinds.

        Args:
            features: (N, C, h, w).
        """
        pooled = self.pool(features).flatten(1)
        return torch.cat([self.head(pooled), self.other_kind(pooled)], dim=1)

    def judge(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return (N, 2) logits of (N, C) means; the margin is the smaller."""
        lymphoid: torch.Tensor = self.head(pooled)
        normal, blast = torch.split(lymphoid, 1, dim=1)
        # The smaller of blast and (normal - other), by operators that every engine has
        # and that stay in float.
        over = functional.relu(blast - (normal - self.other_kind(pooled)))
        return lymphoid - over * self.blast_alone


class Kinds(Pooled):
    """Which of `laboratories.KINDS` is a cell? The blast call follows from the answer.

    `forward` gives the logit of every kind. The exporter puts the two numbers that the
    device calls by before them: blast's own, and the log-sum-exp of all others.
    """

    is_blast: torch.Tensor

    def __init__(self, features: nn.Module, n_features: int) -> None:
        super().__init__(features, n_features)
        self.head = nn.Linear(n_features, len(KINDS))
        is_blast = torch.tensor([float(kind == "blast") for kind in KINDS])
        self.register_buffer("is_blast", is_blast, persistent=False)

    @torch.no_grad()
    def keep_kinds(self, chosen: list[int]) -> None:
        """Keep the answers of some kinds, by their places; blast must stay the first.

        A kind that nobody taught has an answer too, and it means nothing.
        """
        old = self.head
        self.head = nn.Linear(old.in_features, len(chosen))
        self.head.weight.copy_(old.weight[chosen])
        self.head.bias.copy_(old.bias[chosen])
        self.is_blast = self.is_blast[chosen]

    def activation_map(self, features: torch.Tensor) -> torch.Tensor:
        """Return (N, h, w): what each place adds to blast over the other kinds.

        The others are weighed by what the network holds likely among them, so that
        the map's mean, plus the biases weighed alike, is the margin plus the entropy
        of the other kinds: exact, since a log-sum-exp is its terms' mean by those
        weights plus their entropy.
        """
        _, _, height, width = features.shape
        maps = self.head.weight @ features.flatten(2)
        logits = self.judge(self.pool(features).flatten(1))
        others = (logits - FAR_BELOW * self.is_blast).softmax(1)
        weights = (self.is_blast - others).unsqueeze(1)
        summed: torch.Tensor = weights @ maps
        return summed.reshape(-1, height, width)


@torch.no_grad()
def set_svm_head(network: Pooled, weights: torch.Tensor, bias: float) -> None:
    """Make a linear SVM on the pooled features the network's dense layer.

    The hybrid `cnn-svm` is then one network like the others: one export, one engine.
    The normal logit is 0 and the blast logit the SVM's decision value.

    Args:
        network: Whose features the SVM was fitted to.
        weights: (C,) float32, the SVM's weights.
        bias: Its intercept.
    """
    network.head.weight.zero_()
    network.head.bias.zero_()
    network.head.weight[1].copy_(weights)
    network.head.bias[1] = bias
