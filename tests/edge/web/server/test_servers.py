"""The page for the device's own screen and for a network: together, and apart."""

import asyncio
import signal
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from leukoscope_edge.cli import say
from leukoscope_edge.profile import PageEntry
from leukoscope_edge.web.server.listening import listening
from leukoscope_edge.web.server.servers import entries, new_server, serve_all
from leukoscope_edge.web.tls import open_certificate

APP = Starlette(routes=[Route("/", lambda _: Response("home"))])
NETWORK = PageEntry(address="192.168.4.1", port=0)
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_a_page_of_this_machine_alone_is_served_once() -> None:
    assert entries(PageEntry()) == [PageEntry()]


def test_a_page_on_a_network_is_at_the_screen_too() -> None:
    assert [e.address for e in entries(NETWORK)] == ["127.0.0.1", "192.168.4.1"]


def test_the_network_is_spoken_to_in_tls_and_the_screen_is_not(tmp_path: Path) -> None:
    certificate = open_certificate(tmp_path / "tls", NETWORK)
    servers = [new_server(APP, e, certificate) for e in entries(NETWORK)]
    assert [s.config.is_ssl for s in servers] == [False, True]


async def answer(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(WHOLE)
    found = await reader.read()
    writer.close()
    return found


async def served_by_two(end: str) -> list[bytes]:
    pages = [PageEntry(port=0), PageEntry(address="127.0.0.2", port=0)]
    with ExitStack() as stack:
        ports = [stack.enter_context(listening(p, lambda _: None, say)) for p in pages]
        servers = [new_server(APP, p) for p in pages]
        serving = asyncio.create_task(serve_all(servers, ports))
        while not all(s.started for s in servers):
            await asyncio.sleep(0.01)
        found = [await answer(ports[0].getsockname()[1])]
        if end == "a signal":
            signal.raise_signal(signal.SIGTERM)
        else:
            servers[0].should_exit = True
        await serving
    return found


@pytest.mark.parametrize("end", ["a signal", "one of them"])
def test_both_end_together_and_the_signal_is_handed_on(end: str) -> None:
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    try:
        (found,) = asyncio.run(served_by_two(end))
        assert b"home" in found
        assert bool(told) is (end == "a signal")
        signal.raise_signal(signal.SIGTERM)  # it is given back
        assert told
    finally:
        signal.signal(signal.SIGTERM, before)


async def is_sent_at_once() -> bool:
    told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        option = (socket.IPPROTO_TCP, socket.TCP_NODELAY)
        told.set_result(bool(writer.get_extra_info("socket").getsockopt(*option)))
        writer.close()

    with listening(PageEntry(port=0), lambda _: None, say) as port:
        async with await asyncio.start_server(look, sock=port):
            await answer(port.getsockname()[1])
            return await told


def test_an_answer_does_not_wait_for_the_browser_to_have_its_head() -> None:
    """Nagle's algorithm holds what follows a head for 40 ms: a picture each."""
    assert asyncio.run(is_sent_at_once())
