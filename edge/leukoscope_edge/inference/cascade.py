"""The quick road: a small network first, the deep one where the small one is unsure.

How unsure is too unsure is on the card: the quick network's own operating points,
chosen where the pair was measured. This decides who judges a cell; what the judgement
is called remains with `classifier`.
"""

from contextlib import ExitStack
from types import TracebackType

from leukoscope_edge.inference.card import DecisionEntry
from leukoscope_edge.inference.classifier import p_blast
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.types import F32, U8


class CascadeEngine:
    """Two engines that answer as one."""

    def __init__(
        self,
        quick: Engine,
        deep: Engine,
        *,
        quick_decision: DecisionEntry,
        decision: DecisionEntry,
    ) -> None:
        """Join two engines of the same crops; they are closed with this one."""
        self.quick, self.deep = quick, deep
        self._own, self._decision = quick_decision, decision
        self._stack = ExitStack()

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
        """Return (N, 2) float32 logits of (N, s, s, 3) uint8 RGB crops.

        The quick network's logits are brought to the deep one's temperature, so that
        one temperature, the card's, makes probabilities of all.
        """
        logits = self.quick.run(crops)
        p = p_blast(logits, self._own.temperature)
        unsure = (p > self._own.normal_to) & (p < self._own.blast_from)
        answer: F32 = logits * (self._decision.temperature / self._own.temperature)
        if unsure.any():
            answer[unsure] = self.deep.run(crops[unsure])
        return answer.astype("float32")

    def __enter__(self) -> "CascadeEngine":
        self._stack.enter_context(self.quick)
        self._stack.enter_context(self.deep)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
