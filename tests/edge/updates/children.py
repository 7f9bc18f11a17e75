"""A child that a test may kill, without what a fork of the test's own process has.

A copy of a process with threads waits for ever for those that it lacks; these are
copies of a fork server, which has none.
"""

from collections.abc import Callable
from multiprocessing import get_context

import cloudpickle
from tests.waiting import PATIENCE_S

CHILDREN = get_context("forkserver")
CHILDREN.set_forkserver_preload(
    ["cloudpickle", "leukoscope_edge.updates.stage", "tests.edge.updates.conftest"]
)


def exit_signal(run: Callable[[], object]) -> int:
    """Run in a child; return the signal that ended it, 0 if none."""
    child = CHILDREN.Process(target=_run, args=(cloudpickle.dumps(run),))
    child.start()
    child.join(PATIENCE_S)
    assert child.exitcode is not None, "the child hangs"
    return max(0, -child.exitcode)


def _run(pickled: bytes) -> None:
    cloudpickle.loads(pickled)()
