"""Faults of the page's own program (HTTP 500): a page with a way out, and a log entry.

The entry names the route, the class of the exception and the places in the program,
with a code that the page shows too. What the exception says is left out: a value of a
form or a record may stand in it, and a log names no patient.
"""

import logging
import secrets
from collections.abc import Callable, MutableSequence
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leukoscope_edge.log import described

LOG = logging.getLogger("leukoscope.page")
CODE_BYTES = 3
BARE_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Leukoscope</title>
<h1>This did not work</h1>
<p>{detail}</p>
<p><a href="/">Home</a></p>
</html>
"""
Answer = Callable[[Request, str], Response]


class ServerFaults:
    """The middleware that turns an exception nobody expected into an answer."""

    def __init__(
        self, app: ASGIApp, *, answer: Answer, kept: MutableSequence[str]
    ) -> None:
        """Stand behind the guard, whose headers the answer needs.

        Args:
            app: The application.
            answer: Makes the page, of the request and the fault's code.
            kept: Where the newest entries are kept for the log for service.
        """
        self._app, self._answer, self._kept = app, answer, kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; where that fails, log the fault and answer with the page."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as err:
            if scope["type"] != "http":
                raise
            code = secrets.token_hex(CODE_BYTES)
            place = f"{_route(scope)}: {described(err)}"
            self._log(f"fault {code} at {place}", place)
            if not has_begun:  # else the server cuts the answer off
                await self._answer(Request(scope), code)(scope, receive, send)

    def _log(self, entry: str, place: str) -> None:
        LOG.error(entry, extra={"same_as": place})
        self._kept.append(entry)


def _route(scope: Scope) -> str:
    """Return the route's own text, in which no number of a slide stands."""
    path = getattr(scope.get("route"), "path", "no route")
    return f"{scope['method']} {path}"


def bare_page(detail: str) -> Response:
    """Return a page that needs no template, in English."""
    return HTMLResponse(BARE_PAGE.format(detail=escape(detail)), 500)
