"""Half requests end by themselves; whole ones and endless answers do not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from tests.waiting import PATIENCE_S

from leukoscope_edge.web.whole_requests import MAX_CONNECTIONS_A_CLIENT, WholeRequests

WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"


class Quick(WholeRequests):
    within_s = 0.3


class Patient(WholeRequests):
    within_s = 10 * PATIENCE_S


async def _home(request: Request) -> Response:
    return Response(await request.body() or b"home")


async def _slow(_: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(0.25)
            yield b"picture"

    return StreamingResponse(pieces())


@asynccontextmanager
async def served(protocol: type[WholeRequests] = Quick) -> AsyncIterator[int]:
    app = Starlette(
        routes=[Route("/", _home, methods=["GET", "POST"]), Route("/slow", _slow)]
    )
    config = uvicorn.Config(
        app, port=0, http=protocol, log_level="critical", lifespan="off"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def answer(port: int, sent: bytes) -> bytes:
    """Send bytes and return all that comes until the other end closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    found = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    return found


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost:",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
        WHOLE + b"GET / HT",
    ],
)
def test_a_request_that_is_never_whole_is_closed(half: bytes) -> None:
    async def run() -> bytes:
        async with served() as port:
            return await answer(port, half)

    assert asyncio.run(run()).count(b"200 OK") == half.count(WHOLE)


def test_an_answer_may_take_longer_than_a_request() -> None:
    async def run() -> bytes:
        async with served() as port:
            return await answer(port, SLOW)

    assert asyncio.run(run()).count(b"picture") == 4


def test_many_half_requests_leave_the_page_to_others_in_the_end() -> None:
    async def run() -> bytes:
        async with served() as port:
            halves = [
                asyncio.create_task(answer(port, b"GET /"))
                for _ in range(3 * MAX_CONNECTIONS_A_CLIENT)
            ]
            await asyncio.gather(*halves, return_exceptions=True)
            return await answer(port, WHOLE)

    assert b"home" in asyncio.run(run())


def test_a_client_has_as_many_connections_as_are_allowed_and_no_more() -> None:
    async def run() -> tuple[bytes, bytes]:
        async with served(Patient) as port:
            ends = [
                await asyncio.open_connection("127.0.0.1", port)
                for _ in range(MAX_CONNECTIONS_A_CLIENT + 1)
            ]
            one_more = await asyncio.wait_for(ends[-1][0].read(), PATIENCE_S)
            reader, writer = ends[-2]
            writer.write(WHOLE)
            last = await asyncio.wait_for(reader.readuntil(b"home"), PATIENCE_S)
            for _, writer in ends:
                writer.close()
            return one_more, last

    one_more, last = asyncio.run(run())
    assert one_more == b""
    assert b"200 OK" in last
