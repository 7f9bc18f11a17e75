"""A tool run in the process of the tests, which has loaded what it imports.

Of each tool one test at least starts a process of its own.
"""

import importlib
import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"


def called(tool: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Return what `python TOOL ARGUMENTS` gives."""
    words = [str(tool), *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOOLS))
        patch.setattr(sys, "argv", words)
        main = importlib.import_module(tool.stem).main
        with redirect_stdout(out), redirect_stderr(err):
            status = _status_of(main)
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def _status_of(main: Callable[[], object]) -> int:
    """Run and end as the interpreter does: words are printed and are a failure."""
    try:
        said = main()
    except SystemExit as end:
        said = end.code
    if said is None or isinstance(said, int):
        return said or 0
    print(said, file=sys.stderr)
    return 1
