"""A cell judged as the mean over its four quarter turns.

How a cell lies under the objective is chance, yet a network answers otherwise to the
same cell turned (docs/validation.md, section 3). The mean over the four turns that move
every pixel whole is the same whichever of them was taken. It is of all that a network
answers, before any temperature: of the logits of blast, normal and the kinds, and of
the distance, which depends on the turn as well.
"""

import numpy as np

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.inference.cascade import CascadeEngine
from leukoscope_edge.inference.classifier import BATCH_SIZE
from leukoscope_edge.inference.engine import Engine

N_VIEWS = 4
"""Quarter turns."""


class TurnedEngine:
    """A network that answers for a cell with the mean over its quarter turns.

    Attributes:
        network: It, for what asks of a picture as it lies: the self-test and the map.
    """

    def __init__(self, network: Engine) -> None:
        """Take over a network; it is closed with this."""
        self.network = network

    @property
    def name(self) -> str:
        """The network's runtime and its version."""
        return self.network.name

    @property
    def fallback(self) -> str:
        """Why the network runs on a slower backend."""
        return self.network.fallback

    @property
    def is_accelerated(self) -> bool:
        """Whether a GPU serves the network."""
        return self.network.is_accelerated

    def run(self, crops: U8) -> F32:
        """Return (N, A) float32 answers to (N, s, s, 3) uint8 RGB crops.

        All views of a cell go into one run of the network, which is given no more than
        a batch at once.
        """
        step = BATCH_SIZE // N_VIEWS
        starts = range(0, max(len(crops), 1), step)
        return np.concatenate([self._mean(crops[i : i + step]) for i in starts])

    def _mean(self, crops: U8) -> F32:
        views = [np.rot90(crops, k, axes=(1, 2)) for k in range(N_VIEWS)]
        answers = self.network.run(np.concatenate(views))
        each = answers.reshape(N_VIEWS, len(crops), answers.shape[1])
        # In float64 the order of the views moves no digit that is kept.
        mean: F32 = each.mean(axis=0, dtype=np.float64).astype(np.float32)
        return mean

    def __enter__(self) -> "TurnedEngine":
        self.network.__enter__()
        return self

    def __exit__(self, *why: object) -> None:
        self.network.__exit__(*why)


def as_it_lies(engine: Engine) -> Engine:
    """Return an engine without its turned views; closing it is left to the other.

    Args:
        engine: Of one network or a pair.
    """
    if isinstance(engine, CascadeEngine):
        return engine.of(as_it_lies(engine.quick), as_it_lies(engine.deep))
    return engine.network if isinstance(engine, TurnedEngine) else engine
