"""Does a running engine give the bundle's stored answers?

A file's hash says that the weights are the ones that were meant. This says that the
processor, the runtime and the memory make of them what the exporter's did.
"""

import numpy as np

from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference.bundle import Bundle
from leukoscope_edge.inference.cascade import CascadeEngine
from leukoscope_edge.inference.engine import Engine


def self_test(engine: Engine, bundle: Bundle) -> float:
    """Run the stored cells through every network and compare with its stored answers.

    Args:
        engine: The bundle's; of both networks where it is a pair, or of the deep one.
        bundle: The bundle.

    Returns:
        The largest absolute difference of a logit.

    Raises:
        BundleError: It exceeds the card's tolerance, or a network does not run.
    """
    if isinstance(engine, CascadeEngine) and bundle.quick is not None:
        return max(_test(engine.quick, bundle.quick), _test(engine.deep, bundle))
    return _test(engine, bundle)


def _test(engine: Engine, bundle: Bundle) -> float:
    logits = engine.run(bundle.golden.crops)
    worst = float(np.abs(logits - bundle.golden.logits).max())
    allowed = bundle.card.golden.allowed(is_accelerated=engine.is_accelerated)
    if worst > allowed:
        raise BundleError(
            f"{bundle.card.id}: its stored cells give other answers on {engine.name}: "
            f"a logit differs by {worst:.3g}, allowed {allowed:.3g}; "
            "do not use this model here"
        )
    return worst
