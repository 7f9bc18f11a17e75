"""Does a running engine give the bundle's stored answers?

A file's hash says that the weights are the ones that were meant. This says that the
processor, the runtime and the memory make of them what the exporter's did.
"""

import time
from collections.abc import Callable

import numpy as np

from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference.bundle import Bundle
from leukoscope_edge.inference.cascade import CascadeEngine
from leukoscope_edge.inference.engine import Engine
from leukoscope_edge.inference.views import as_it_lies


def self_test(engine: Engine, bundle: Bundle, *, n_at_once: int = 0) -> float:
    """Run the stored cells through every network and compare with its stored answers.

    Each as it lies: where the card asks for turned views, the stored answers are of the
    first alone, for the mean would hide a part of what one run has wrong.

    Args:
        engine: The bundle's; of both networks where it is a pair, or of the deep one.
        bundle: The bundle.
        n_at_once: Repeat the cells to so many in one run; 0: each once.

    Returns:
        The largest absolute difference of a logit; of a distance too, where the card
        allows it no more.

    Raises:
        BundleError: It exceeds the card's tolerance, or a network does not run.
    """
    if isinstance(engine, CascadeEngine) and bundle.quick is not None:
        quick = _test(engine.quick, bundle.quick, n_at_once)
        return max(quick, _test(engine.deep, bundle, n_at_once))
    return _test(engine, bundle, n_at_once)


def _test(engine: Engine, bundle: Bundle, n_at_once: int) -> float:
    crops, stored = bundle.golden.crops, bundle.golden.logits
    engine = as_it_lies(engine)
    which = np.arange(n_at_once or len(crops)) % len(crops)
    logits = engine.run(crops[which])
    if logits.shape != stored[which].shape:
        raise BundleError(
            f"{bundle.card.id}: answers {logits.shape} on {engine.name}, expected "
            f"{stored[which].shape}; do not use this model here"
        )
    off = np.abs(logits - stored[which])
    golden = bundle.card.golden
    if engine.is_accelerated and golden.gpu_distance_tolerance is not None:
        distance, off = float(off[:, -1].max()), off[:, :-1]  # the last answer
        allowed = golden.gpu_distance_tolerance
        _require_near(bundle, engine, "a distance", distance, allowed)
    worst = float(off.max())
    allowed = golden.allowed(is_accelerated=engine.is_accelerated)
    _require_near(bundle, engine, "a logit", worst, allowed)
    return worst


def _require_near(
    bundle: Bundle, engine: Engine, what: str, worst: float, allowed: float
) -> None:
    if worst <= allowed:  # what is no number is not
        return
    raise BundleError(
        f"{bundle.card.id}: its stored cells give other answers on {engine.name}: "
        f"{what} differs by {worst:.3g}, allowed {allowed:.3g}; "
        "do not use this model here"
    )


DAY_S = 24 * 3600.0


class StandingTest:
    """The test of the engine that serves: at its start, then once a day of its work.

    A device that is switched off each night is tested each morning; one that never is,
    at its first rest after a day, by the clock that no one sets.
    """

    def __init__(
        self,
        engine: Engine,
        bundle: Bundle,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Say what to test; the first test is due at once.

        Args:
            engine: The one that serves.
            bundle: Its bundle.
            clock: Monotonic seconds.
        """
        self._engine, self._bundle, self._clock = engine, bundle, clock
        self._due_s = clock()

    def run_when_due(self) -> None:
        """Test, unless that was done within a day.

        Raises:
            BundleError: The engine does not give the stored answers; it stays due.
        """
        if self._clock() >= self._due_s:
            self_test(self._engine, self._bundle)
            self._due_s = self._clock() + DAY_S
