"""Starts processes that share nothing with this one and run no file of its folder.

A fork would wait for ever for the threads of torch that it lacks. A spawned process is
`python -c`, which looks for modules in the current folder first, and so would run a
`pickle.py` beside pictures; it is told not to (Python 3.11 on).
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

SAFE_PATH = "PYTHONSAFEPATH"


@contextmanager
def safe_path() -> Iterator[None]:
    """Let processes that are spawned within leave the current folder alone."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


@contextmanager
def spawned(
    n_processes: int, begin: Callable[[], object] | None = None
) -> Iterator[ProcessPoolExecutor]:
    """Open a pool of spawned processes, each of which begins so."""
    spawn = get_context("spawn")
    with safe_path(), ProcessPoolExecutor(n_processes, spawn, begin) as pool:
        yield pool
