"""The service asks the helper for a file on a stick."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.waiting import PATIENCE_S

from leukoscope_edge.errors import OutputError
from leukoscope_edge.media.helper_client import NO_ANSWER, SentFile
from leukoscope_edge.media.root_helper import LENGTH_BYTES, MAX_PIECE_BYTES


def test_where_no_helper_listens_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=NO_ANSWER.said()):
        SentFile("sdb1", "a.pdf", tmp_path / "none")


class Helper:
    """Takes one file as the helper does, and answers what it is told to."""

    def __init__(self, address: Path, answer: bytes) -> None:
        self.head: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(PATIENCE_S)
        self._listener.bind(str(address))
        self._listener.listen()
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        line, _ = self._listener.accept()
        with line, line.makefile("rb") as stream:
            self.head = json.loads(stream.readline())
            while length := int.from_bytes(stream.read(LENGTH_BYTES), "big"):
                self.pieces.append(stream.read(length))
            line.sendall(self._answer)

    def close(self) -> None:
        self._thread.join(PATIENCE_S)
        self._listener.close()


@contextmanager
def helper(address: Path, answer: bytes) -> Iterator[Helper]:
    made = Helper(address, answer)
    try:
        yield made
    finally:
        made.close()


def test_a_file_goes_in_pieces_and_its_place_comes_back(tmp_path: Path) -> None:
    data = bytes(range(256)) * (MAX_PIECE_BYTES // 256) + b"end"
    kept = b'{"kept": "leukoscope/a.pdf"}\n'
    with (
        helper(tmp_path / "socket", kept) as other,
        SentFile("sdb1", "a.pdf", tmp_path / "socket") as file,
    ):
        assert file.write(data) == len(data)
        assert file.keep() == "leukoscope/a.pdf"
    assert other.head == {"stick": "sdb1", "name": "a.pdf"}
    assert [len(piece) for piece in other.pieces] == [MAX_PIECE_BYTES, 3]
    assert b"".join(other.pieces) == data


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"trouble": {"id": "stick-full", "params": {}}}\n', "the stick is full"),
        (b'{"trouble": "the stick is full"}\n', "the stick is full"),  # an older helper
        (b'{"trouble": {"id": "unheard", "params": {}}}\n', NO_ANSWER.said()),
        (b'{"trouble": {"id": "stick-full"}}\n', NO_ANSWER.said()),
        (b'{"trouble": {"id": "stick-full", "params": 3}}\n', NO_ANSWER.said()),
        (b'{"trouble": 7}\n', NO_ANSWER.said()),
        (b"", NO_ANSWER.said()),
        (b"no answer\n", NO_ANSWER.said()),
        (b"[1]\n", NO_ANSWER.said()),
        (b"[" * 100_000 + b"\n", NO_ANSWER.said()),
    ],
)
def test_what_went_wrong_is_said_in_one_sentence(
    tmp_path: Path, answer: bytes, said: str
) -> None:
    with (
        helper(tmp_path / "socket", answer),
        SentFile("sdb1", "a.pdf", tmp_path / "socket") as file,
    ):
        file.write(b"x")
        with pytest.raises(OutputError, match=said):
            file.keep()
