"""The check of the database: once for all, beside other work, and nothing before it."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.test_recovery import close, spoil_page_of

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import caretaker
from leukoscope_edge.records.soundness import (
    CHECK_FILE,
    OPEN_FILE,
    Found,
    Soundness,
)
from leukoscope_edge.records.store import (
    COPY_FOLDER,
    DATABASE_NAME,
    Store,
    open_store,
)

DIES_AT_THE_CHECK = """
import os, sys
from pathlib import Path
from leukoscope_edge.records import caretaker
caretaker.is_sound = lambda _: os._exit(9)
from leukoscope_edge.records.store import open_store
open_store(Path(sys.argv[1]), waits=False).end_copy()
"""


class Check:
    """Holds the check up until it is told to end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.ends, self.n = threading.Event(), threading.Event(), 0
        self._is_sound = caretaker.is_sound
        monkeypatch.setattr(caretaker, "is_sound", self._wait)
        monkeypatch.setattr(caretaker, "WAIT_S", 0.0)

    def _wait(self, connection: sqlite3.Connection) -> bool:
        self.n += 1
        self.began.set()
        assert self.ends.wait(20)
        return self._is_sound(connection)
