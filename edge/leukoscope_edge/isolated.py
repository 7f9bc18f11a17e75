"""Start Python so that a folder of pictures stays data.

`python -m` and `python -c` put the current folder first on the module path, and
PYTHONPATH with an empty part does so too: a file `json.py` on somebody's stick would be
run in the place of Python's own. Every child of ours is therefore this file, named by
its path and run with `-I` (no current folder, no PYTHON... variables, no packages of
the user's own), which adds the one folder that this package lies in.

    python -I .../leukoscope_edge/isolated.py MODULE WORD...
"""

import os
import resource
import runpy
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
"""Where this package lies: on no other path than this may a child find it."""


def command_of(module: str, *words: str) -> tuple[str, ...]:
    """Return the command that runs a module of ours in a process of its own.

    Args:
        module: Its whole name, as "leukoscope_edge.capture.stored.decoder_process".
        words: Its arguments.
    """
    return (sys.executable, "-I", __file__, module, *words)


def lower_limit(kind: int, limit: int) -> None:
    """Bound this process for good; where its starter allows less, that holds.

    Args:
        kind: As `resource.RLIMIT_AS`.
        limit: In its unit.
    """
    _, hard = resource.getrlimit(kind)
    lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(kind, (lowest, lowest))


def leave_folder() -> None:
    """Take the current folder off this process's module path.

    What is imported from then on comes from Python, from the installed packages and
    from ROOT; from the folders of PYTHONPATH only what is nowhere else.
    """
    try:
        here = str(Path.cwd())
    except OSError:  # it was removed under us
        here = ""
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    last = {os.path.abspath(p) for p in named if p}  # noqa: PTH100 - as `site` does
    kept = [p for p in sys.path if p not in ("", ".", here) or p == ROOT]
    sys.path[:] = sorted(kept, key=lambda p: p in last and p != ROOT)


def forget_variables() -> None:
    """Take the variables of OpenCV away, before it is loaded.

    They print to standard output, and forbid pictures that are read here.
    """
    for name in [n for n in os.environ if n.startswith("OPENCV_")]:
        del os.environ[name]


if __name__ == "__main__":
    if ROOT not in sys.path:
        sys.path.insert(0, ROOT)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
