"""The quick road: a small network first, the deep one where the small one is unsure.

How unsure is too unsure is on the card: the quick network's own operating points,
chosen where the pair was measured. This decides who judges a cell; what the judgement
is called remains with `classifier`.
"""

from contextlib import ExitStack

import numpy as np

from leukoscope_edge.arrays import F32, U8, BoolArray
from leukoscope_edge.inference.card_entries import DecisionEntry
from leukoscope_edge.inference.classifier import p_blast
from leukoscope_edge.inference.engine import Engine


class CascadeEngine:
    """Two engines that answer as one."""

    def __init__(
        self,
        quick: Engine,
        deep: Engine,
        *,
        quick_decision: DecisionEntry,
        decision: DecisionEntry,
        distance_limits: tuple[float, float] | None = None,
    ) -> None:
        """Join two engines of the same crops; they are closed with this one.

        Args:
            quick: Asked first.
            deep: Asked where the quick one is unsure.
            quick_decision: The quick one's temperature and points.
            decision: The card's.
            distance_limits: The quick one's and the deep one's, where the last number
                of an answer is a distance.
        """
        self.quick, self.deep = quick, deep
        self._own, self._decision = quick_decision, decision
        self._limits = distance_limits
        self._stack = ExitStack()

    def of(self, quick: Engine, deep: Engine) -> "CascadeEngine":
        """Return two other engines, joined as these are."""
        return CascadeEngine(
            quick,
            deep,
            quick_decision=self._own,
            decision=self._decision,
            distance_limits=self._limits,
        )

    @property
    def name(self) -> str:
        """Both runtimes, or the one where they are the same."""
        names = dict.fromkeys((self.quick.name, self.deep.name))
        return "quick and deep on " + ", ".join(names)

    @property
    def fallback(self) -> str:
        """Why either network runs on a slower backend."""
        reasons = dict.fromkeys((self.quick.fallback, self.deep.fallback))
        return "; ".join(reason for reason in reasons if reason)

    @property
    def is_accelerated(self) -> bool:
        """Whether a GPU serves either network."""
        return self.quick.is_accelerated or self.deep.is_accelerated

    def run(self, crops: U8) -> F32:
        """Return (N, A) float32 answers of (N, s, s, 3) uint8 RGB crops.

        The quick network's logits are brought to the deep one's temperature, so that
        one temperature, the card's, makes probabilities of all. A cell that is unlike
        all that the quick network knows goes to the deep one too.
        """
        answers = self.quick.run(crops)
        unsure = self._is_unsure(answers)
        joined: F32 = answers * (self._decision.temperature / self._own.temperature)
        if self._limits is not None:
            quick, deep = self._limits
            joined[:, -1] = answers[:, -1] * (deep / quick)
        if unsure.any():
            joined[unsure] = self.deep.run(crops[unsure])
        return joined.astype("float32")

    def _is_unsure(self, answers: F32) -> BoolArray:
        p = p_blast(answers, self._own.temperature)
        unsure = (p > self._own.normal_to) & (p < self._own.blast_from)
        if self._limits is not None:
            unsure |= answers[:, -1] > self._limits[0]
        return np.asarray(unsure, np.bool_)

    def __enter__(self) -> "CascadeEngine":
        self._stack.enter_context(self.quick)
        self._stack.enter_context(self.deep)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
