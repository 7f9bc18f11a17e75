"""The page where there is no page: the records cannot be opened, and it says why."""

from html import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from leukoscope_edge.web.security import HEADERS

LOOK_AGAIN_S = 10
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta http-equiv="refresh" content="{again_s}">
<title>Leukoscope</title>
<h1>No screening: the device is in trouble</h1>
<p>{why}</p>
<p>Nothing was lost that was shown as kept. The device looks again every {again_s}
seconds. If this stays, call service and read out the line above.</p>
</html>
"""


def error_page_app(why: str) -> Starlette:
    """Return an application that answers everything with the reason.

    Args:
        why: One sentence.
    """
    text = PAGE.format(why=escape(why), again_s=LOOK_AGAIN_S)

    async def answer(_: Request) -> Response:
        return HTMLResponse(text, 503, headers=HEADERS)

    return Starlette(routes=[Route("/{path:path}", answer)])
