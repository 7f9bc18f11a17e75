"""A port that another program has is waited for, and the program is named."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from leukoscope_edge.cli import say
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.profile import PageEntry
from leukoscope_edge.web.server.listening import MAX_OPEN_A_CLIENT, holder_of, listening


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port of this very process."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other


def test_a_port_that_is_taken_is_waited_for_and_its_holder_named(
    taken: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    port = taken.getsockname()[1]
    told: list[str] = []

    def on_wait(why: str) -> None:
        told.append(why)
        taken.close()

    with listening(PageEntry(port=port), on_wait, say) as own:
        assert own.getsockname()[1] == port
    assert len(told) == 1
    said = capsys.readouterr().err
    assert f"port {port} is held by" in said
    assert "(process " in said
    assert said.count("\n") == 1


def test_a_port_that_nobody_has_has_no_holder(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    assert "(process " in holder_of(port)
    taken.close()
    assert holder_of(port) == "another program"


def test_an_address_that_is_still_to_come_is_listened_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A hotspot's address comes after the service; until then it is nobody's."""
    page = PageEntry(address="203.0.113.1", port=0)  # of documents, RFC 5737
    with listening(page, lambda _: None, say) as own:
        assert own.getsockname()[0] == "203.0.113.1"
    assert "none of this machine's addresses yet" in capsys.readouterr().err


def test_an_address_that_cannot_be_is_refused_in_words() -> None:
    page = PageEntry(address="fe80::1", port=0)  # of no interface: RFC 4007
    with pytest.raises(ConfigError, match="name another"):
        listening(page, lambda _: None, say)


def test_one_address_does_not_take_every_connection() -> None:
    """Also of those that never say a word, as before TLS is spoken."""
    with listening(PageEntry(port=0), lambda _: None, say) as own, ExitStack() as stack:
        port = own.getsockname()[1]

        def call(client: str) -> bool:
            other = socket.create_connection(("127.0.0.1", port), None, (client, 0))
            stack.enter_context(other)
            try:
                stack.enter_context(own.accept()[0])
            except ConnectionAbortedError:
                return False
            return True

        assert [call("127.0.0.2") for _ in range(MAX_OPEN_A_CLIENT + 2)] == [
            *[True] * MAX_OPEN_A_CLIENT,
            *[False] * 2,
        ]
        assert call("127.0.0.3")
        stack.close()
        assert call("127.0.0.2")


def test_two_can_listen_one_after_the_other() -> None:
    with listening(PageEntry(port=0), lambda _: None, say) as first:
        port = first.getsockname()[1]
    with listening(PageEntry(port=port), lambda _: None, say) as second:
        assert second.getsockname()[1] == port
