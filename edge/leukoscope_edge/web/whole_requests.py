"""A connection that does not get its request said in time is closed.

uvicorn waits for ever for the rest of a request: as many half ones as it takes
connections keep everybody else from the page, for nothing. Here a request has so long
from the first look at the connection, or from the answer before it, to be whole. How
long an answer may take is another matter: a live picture never ends.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

WITHIN_S = 10.0
"""A form is a kilobyte: a second over the worst hotspot."""
MAX_CONNECTIONS_A_CLIENT = 24
"""A browser opens six and a socket; some tablets may share an address."""


class WholeRequests(H11Protocol):
    """uvicorn's protocol, with a time by which a request must be whole."""

    within_s = WITHIN_S
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin the time; a client with very many connections gets no further one."""
        super().connection_made(transport)
        if self._n_of_client() > MAX_CONNECTIONS_A_CLIENT:
            transport.close()
            return
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the time."""
        self._end()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Begin the time of the next request."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._begin()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Leave the connection to the socket's own protocol: its request is whole."""
        self._end()
        super().handle_websocket_upgrade(event)

    def _n_of_client(self) -> int:
        if self.client is None:
            return 0
        addresses = [getattr(c, "client", None) or ("",) for c in self.connections]
        return sum(address[0] == self.client[0] for address in addresses)

    def _begin(self) -> None:
        self._end()
        self._timer = self.loop.call_later(self.within_s, self._close_if_half)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_if_half(self) -> None:
        is_whole = self.cycle is not None and not self.cycle.more_body
        if not is_whole or self.cycle.response_complete:
            self.transport.close()
