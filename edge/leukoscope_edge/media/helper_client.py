"""The service's end of `stick_helper`: a file that the helper puts on a stick."""

import contextlib
import json
import socket
from pathlib import Path
from typing import Any

from leukoscope_edge.errors import OutputError
from leukoscope_edge.media.root_helper import (
    LENGTH_BYTES,
    MAX_PIECE_BYTES,
    SOCKET,
)
from leukoscope_edge.messages import message, told_from

TAKES_S, ANSWERS_S = 120.0, 1800.0
"""A slow stick takes a piece in that time, and syncs gigabytes in half an hour."""
NO_ANSWER = message("stick-no-answer")


class SentFile:
    """A `StickFile` that somebody else writes."""

    def __init__(self, stick: str, name: str, address: Path = SOCKET) -> None:
        """Ask for a new file.

        Args:
            stick: The stick's own name, as "sdb1".
            name: Of the file.
            address: Of the helper's socket.

        Raises:
            OutputError: Nobody answers there.
        """
        self._line = socket.socket(socket.AF_UNIX)
        self._line.settimeout(TAKES_S)
        try:
            self._line.connect(str(address))
        except OSError as err:
            self._line.close()
            raise OutputError(NO_ANSWER) from err
        self._send(json.dumps({"stick": stick, "name": name}).encode() + b"\n")

    def __enter__(self) -> "SentFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def write(self, data: bytes) -> int:
        """Send more bytes; as `StickFile`."""
        for begin in range(0, len(data), MAX_PIECE_BYTES):
            piece = data[begin : begin + MAX_PIECE_BYTES]
            self._send(len(piece).to_bytes(LENGTH_BYTES, "big") + piece)
        return len(data)

    def keep(self) -> str:
        """Say that it is whole and wait until it is on the stick; as `StickFile`."""
        self._send(bytes(LENGTH_BYTES))
        self._line.settimeout(ANSWERS_S)
        answer = self._answer()
        if "kept" not in answer:
            raise _trouble(answer)
        return str(answer["kept"])

    def _send(self, data: bytes) -> None:
        """Send; a helper that ended said why before."""
        try:
            self._line.sendall(data)
        except OSError as err:
            raise _trouble(self._answer()) from err

    def _answer(self) -> dict[str, Any]:
        with (
            contextlib.suppress(OSError, ValueError, RecursionError),
            self._line.makefile("rb") as end,
        ):
            found = json.loads(end.readline())
            return found if isinstance(found, dict) else {}
        return {}


def _trouble(answer: dict[str, Any]) -> OutputError:
    """Return what the helper says is wrong, that it says nothing where it does not."""
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
        return OutputError(told_from(answer["trouble"]))
    return OutputError(NO_ANSWER)
