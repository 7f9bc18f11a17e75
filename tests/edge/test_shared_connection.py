import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from leukoscope_edge.shared_connection import SharedConnection

WAITS_S = 30.0
MORE_THAN_A_SOCKET_HOLDS = bytes(16 << 20)


@pytest.fixture
def ends() -> Iterator[tuple[SharedConnection, Connection]]:
    """Our end and the other's."""
    ours, theirs = Pipe()
    shared = SharedConnection(ours)
    yield shared, theirs
    shared.close()
    theirs.close()


def in_a_thread(deed: Callable[[], object]) -> "tuple[threading.Thread, list[str]]":
    """Start a deed; its error's name is kept."""
    errors: list[str] = []

    def run() -> None:
        try:
            deed()
        except (EOFError, OSError) as err:
            errors.append(type(err).__name__)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, errors


def test_passes_an_empty_and_a_long_message(
    ends: tuple[SharedConnection, Connection],
) -> None:
    shared, other = ends
    shared.send_bytes(b"")
    shared.send_bytes(memoryview(b"ab" * 9000))
    other.send_bytes(b"c")
    assert other.recv_bytes() == b""
    assert other.recv_bytes() == b"ab" * 9000
    assert shared.recv_bytes() == b"c"


@pytest.mark.parametrize("end", ["hang_up", "close"])
def test_whoever_hears_is_woken(
    ends: tuple[SharedConnection, Connection], end: str
) -> None:
    shared, _ = ends
    hears, errors = in_a_thread(shared.recv_bytes)
    getattr(shared, end)()
    hears.join(WAITS_S)
    assert errors in (["EOFError"], ["OSError"])


@pytest.mark.parametrize("end", ["hang_up", "close"])
def test_whoever_sends_to_an_end_that_does_not_read_is_woken(
    ends: tuple[SharedConnection, Connection], end: str
) -> None:
    shared, other = ends
    sends, errors = in_a_thread(lambda: shared.send_bytes(MORE_THAN_A_SOCKET_HOLDS))
    other.poll(WAITS_S)
    getattr(shared, end)()
    sends.join(WAITS_S)
    assert errors == ["BrokenPipeError"]


@pytest.mark.parametrize("is_gone", [True, False])
def test_ends_twice_and_in_any_order(
    ends: tuple[SharedConnection, Connection], *, is_gone: bool
) -> None:
    shared, other = ends
    if is_gone:
        other.close()
    for end in (shared.hang_up, shared.close, shared.hang_up, shared.close):
        end()
    with pytest.raises(OSError, match="closed"):
        shared.send_bytes(b"late")
    with pytest.raises(OSError, match="closed"):
        shared.recv_bytes()


def test_a_late_message_never_lands_in_the_file_that_got_the_number(
    ends: tuple[SharedConnection, Connection], tmp_path: Path
) -> None:
    shared, _ = ends
    number = shared._connection.fileno()
    shared.close()
    path = tmp_path / "another file"
    with path.open("wb") as file:
        os.dup2(file.fileno(), number)
        with pytest.raises(OSError, match="closed"):
            shared.send_bytes(b"late")
        shared.hang_up()
        os.write(number, b"x")
        if number != file.fileno():
            os.close(number)
    assert path.read_bytes() == b"x"


def test_messages_of_two_threads_are_not_mixed(
    ends: tuple[SharedConnection, Connection],
) -> None:
    shared, other = ends
    messages = [bytes([65 + i]) * 70_000 for i in range(4)]  # sent in two writes
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(shared.send_bytes, m) for m in messages for _ in range(20)]
        heard = [other.recv_bytes() for _ in sent]
    assert sorted(heard) == sorted(messages * 20)
