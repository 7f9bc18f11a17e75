"""The application: every route behind one guard."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.messages import Message, message, said_by
from leukoscope_edge.web.access import SignInFirstError
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.routes import (
    account,
    cells,
    live_picture,
    metrics,
    pages,
    people,
    result_pages,
    review,
    slides,
    worklist,
)
from leukoscope_edge.web.routes import device as api_device
from leukoscope_edge.web.security import Guard
from leukoscope_edge.web.server_faults import ServerFaults, bare_page

SIGN_IN_HEADER = "x-leukoscope-sign-in"
"""Tells the page that nobody is signed in; a wrong PIN is no reason to leave it."""
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
FONTS_KEPT_S = 7 * 24 * 3600
"""How long a browser need not ask for a font again; nothing of a patient is in one."""


class FontFiles(StaticFiles):
    """The fonts, which a browser may keep; it keeps nothing else."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a file, or the word that it has not changed."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = f"max-age={FONTS_KEPT_S}"
        return response


def create_app(device: Device) -> FastAPI:
    """Return the page of a device.

    Args:
        device: The device; who made it closes it.
    """
    app = FastAPI(title="Leukoscope", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.device = device
    app.state.templates = pages.environment()
    for router in (
        m.router
        for m in (
            pages,
            result_pages,
            account,
            people,
            api_device,
            worklist,
            slides,
            review,
            cells,
            live_picture,
            metrics,
        )
    ):
        app.include_router(router)
    static = StaticFiles(packages=[("leukoscope_edge.web", "static")])
    app.mount("/static", static, name="static")
    app.mount(
        "/fonts", FontFiles(packages=[("leukoscope_edge", "fonts")]), name="fonts"
    )
    app.add_exception_handler(SignInFirstError, _sign_in_first)
    app.add_exception_handler(LeukoscopeError, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_middleware(ServerFaults, answer=_faulty, kept=device.page_faults)
    app.add_middleware(Guard, sessions=device.sessions, hosts=_hosts(device))
    return app


def _hosts(device: Device) -> list[str]:
    page = device.profile.page
    return [h for h in (*LOCAL_NAMES, page.address, page.name) if h]


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _sign_in_first(request: Request, _: Exception) -> Response:
    if _is_api(request):
        detail = {"detail": _in_words(request, message("sign-in-first"))}
        return JSONResponse(detail, 401, headers={SIGN_IN_HEADER: "1"})
    return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)


def _refused(request: Request, error: Exception) -> Response:
    """Answer what cannot be done with the one line that says why."""
    detail = _in_words(request, getattr(error, "told", None) or str(error))
    if _is_api(request):
        return JSONResponse({"detail": detail}, 409)
    return _error_page(request, 409, detail)


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = error.detail if isinstance(error, HTTPException) else ""
    detail = _in_words(request, said)
    headers = error.headers if isinstance(error, HTTPException) else None
    if _is_api(request):
        return JSONResponse({"detail": detail}, status, headers=headers)
    return _error_page(request, status, detail)


def _not_understood(_: Request, error: Exception) -> Response:
    """Say which fields do not fit; what was sent is not repeated: PINs are in it."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    detail = [{"loc": _place(e["loc"]), "type": e["type"]} for e in found]
    return JSONResponse({"detail": detail}, 422)


def _place(loc: Sequence[object]) -> list[str]:
    """Return where something does not fit; a key of theirs is not repeated either."""
    return [str(part) for part in loc if str(part).isidentifier()][:3]


def _faulty(request: Request, code: str) -> Response:
    """Answer a fault of the program's own; where even that page fails, a bare one."""
    fault = message("page-fault", code=code)
    try:
        detail = fault.said(pages.language_for(request))
        if _is_api(request):
            return JSONResponse({"detail": detail}, 500)
        return _error_page(request, 500, detail)
    except Exception:  # the first fault is the one that is logged  # noqa: BLE001
        return bare_page(fault.said())


def _in_words(request: Request, detail: str | Message) -> str:
    """Return what the device says in the language of whoever asked."""
    return said_by(detail, pages.language_for(request))


def _error_page(request: Request, status: int, detail: str) -> Response:
    response = pages.render(request, "error.html", detail=detail, status=status)
    response.status_code = status
    return response
