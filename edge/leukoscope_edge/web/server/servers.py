"""The page's servers: one for this machine alone, one for a network where it has one.

The device's own screen always finds the page at the loopback address. Connections from
a network are counted apart, so that no flood of them keeps whoever stands there out.
"""

import asyncio
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import uvicorn
from starlette.types import ASGIApp

from leukoscope_edge.profile import PageEntry
from leukoscope_edge.web.tls import Certificate
from leukoscope_edge.web.whole_requests import WholeRequests

GRACE_S, POLL_S = 2, 0.1
"""How long open pages may take to close, and how soon the others learn of it."""
MAX_CONNECTIONS = 64
"""A kiosk and a few viewers; a flood is turned away."""
SCREEN = "127.0.0.1"
"""Where the kiosk looks (`leukoscope-kiosk.service`)."""


class _Server(uvicorn.Server):
    """One that leaves signals to `serve_all`: two would take them from each other."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


def entries(page: PageEntry) -> list[PageEntry]:
    """Return where the page is served, this machine's own screen first."""
    if page.is_loopback:
        return [page]
    return [replace(page, address=SCREEN), page]


def new_server(
    app: ASGIApp, page: PageEntry, certificate: Certificate | None = None
) -> uvicorn.Server:
    """Return a server; on a network it speaks TLS.

    Args:
        app: What it serves.
        page: Where; one of `entries`.
        certificate: None where only this machine reaches it.
    """
    seals = certificate is not None and not page.is_loopback
    config = uvicorn.Config(
        app,
        http=WholeRequests,
        host=page.address,
        port=page.port,
        access_log=False,
        log_config=None,  # this process's own, which names nobody
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=certificate.certificate if certificate and seals else None,
        ssl_keyfile=certificate.key if certificate and seals else None,
    )
    return _Server(config)


async def serve_all(
    servers: Sequence[uvicorn.Server], ports: Sequence[socket.socket]
) -> None:
    """Serve until one of them or SIGTERM ends it, and end all together.

    The signal is handed on to whoever had it before, as uvicorn does for one server.
    """
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))

    async def end_together() -> None:
        while not (told or any(server.should_exit for server in servers)):
            await asyncio.sleep(POLL_S)
        for server in servers:
            server.should_exit = True

    ending = asyncio.create_task(end_together())
    try:
        await asyncio.gather(
            *(s.serve(sockets=[p]) for s, p in zip(servers, ports, strict=True))
        )
    finally:
        ending.cancel()
        signal.signal(signal.SIGTERM, before)
    if told:
        signal.raise_signal(signal.SIGTERM)
