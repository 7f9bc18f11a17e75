import socket
from pathlib import Path

import pytest

from leukoscope_edge.service.notify import notify


def test_nobody_listens() -> None:
    assert notify("READY=1", environment={}) is False


def test_a_listener_that_has_gone_is_no_error(tmp_path: Path) -> None:
    gone = {"NOTIFY_SOCKET": str(tmp_path / "gone")}
    assert notify("READY=1", environment=gone) is False


@pytest.mark.parametrize("name", ["{folder}/notify", "@leukoscope-test-notify"])
def test_words_arrive_in_one_message(tmp_path: Path, name: str) -> None:
    address = name.format(folder=tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address.replace("@", "\0"))
        environment = {"NOTIFY_SOCKET": address}
        assert notify("WATCHDOG=1", "STATUS=at work", environment=environment)
        assert listener.recv(100) == b"WATCHDOG=1\nSTATUS=at work"


def test_a_listener_that_does_not_read_stops_nobody(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        answers = [notify("WATCHDOG=1", environment=environment) for _ in range(5000)]
    assert answers[0] is True
    assert answers[-1] is False
