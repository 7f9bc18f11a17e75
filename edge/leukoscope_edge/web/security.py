"""The guard in front of every route, and the sessions behind it.

What the guard refuses, before any route runs:

* a foreign Host header (a name that was rebound to this machine): 400;
* a method that changes something, from a foreign Origin or without the session's
  token: 403;
* a WebSocket from a foreign Origin: 403;
* a body larger than any form of ours: 413.

Every answer gets the headers that keep foreign script, frames and caches out.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leukoscope_edge.messages import message

OTHER_HOST, OTHER_PAGE = message("other-host").said(), message("other-page").said()
OLD_PAGE, TOO_MUCH = message("old-page").said(), message("too-much-text").said()
REFUSALS = (OTHER_HOST, OTHER_PAGE, OLD_PAGE, TOO_MUCH)
"""What the guard says before anybody's language is known."""
COOKIE = "leukoscope_session"
TOKEN_HEADER = "x-leukoscope-token"  # noqa: S105 - the name of a header
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY_BYTES = 1 << 16
"""No form of ours comes near 64 KiB."""
LOCK_AFTER_S = 300.0
"""Idle time until a session locks: five minutes, HIPAA's automatic logoff (164.312)."""
ID_BYTES = 32
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(slots=True)
class _Session:
    person: str
    used_at_s: float
    pin_hash: str


class Sessions:
    """Who is signed in, until they leave or the session locks.

    A session's id is the cookie. Its token is an HMAC of the id, so that a page can be
    served before anybody signs in and still be guarded.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with nobody.

        Args:
            clock: Monotonic seconds.
        """
        self._clock = clock
        self._secret = secrets.token_bytes(ID_BYTES)
        self._open: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._open)

    def new_id(self) -> str:
        """Return the id of a session in which nobody is signed in yet."""
        return secrets.token_urlsafe(ID_BYTES)

    def token(self, session: str) -> str:
        """Return the token that this session's pages send with every change."""
        return hmac.new(self._secret, session.encode(), hashlib.sha256).hexdigest()

    def is_token(self, session: str, token: str) -> bool:
        """Say whether a token belongs to a session."""
        if not session or not token.isascii():
            return False
        return hmac.compare_digest(self.token(session), token)

    def sign_in(self, person: str, pin_hash: str = "") -> str:
        """Open a session under a new id and return it; locked ones are forgotten.

        Args:
            person: Who.
            pin_hash: Of the PIN that opened it: another one ends it.
        """
        session, now_s = self.new_id(), self._clock()
        with self._lock:
            for old in [i for i, s in self._open.items() if _is_locked(s, now_s)]:
                del self._open[old]
            self._open[session] = _Session(person, now_s, pin_hash)
        return session

    def sign_out(self, session: str) -> None:
        """Close a session."""
        with self._lock:
            self._open.pop(session, None)

    def is_opened_by(self, session: str, pin_hash: str) -> bool:
        """Say whether a session was opened by the PIN that somebody has now."""
        with self._lock:
            found = self._open.get(session)
            return found is not None and found.pin_hash in ("", pin_hash)

    def person(self, session: str, *, touch: bool = True) -> str | None:
        """Return who is signed in, None where nobody is or the session locked.

        Args:
            session: The id.
            touch: This is a sign of life; polling for news is none.
        """
        with self._lock:
            found = self._open.get(session)
            if found is None:
                return None
            now_s = self._clock()
            if _is_locked(found, now_s):
                del self._open[session]
                return None
            if touch:
                found.used_at_s = now_s
            return found.person


def _is_locked(session: _Session, now_s: float) -> bool:
    return now_s - session.used_at_s > LOCK_AFTER_S


def session_of(headers: Headers) -> str:
    """Return the session id in a request's cookie, empty where there is none."""
    jar = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[COOKIE].value if COOKIE in jar else ""


class Guard:
    """The middleware; see the module."""

    def __init__(
        self, app: ASGIApp, *, sessions: Sessions, hosts: Iterable[str]
    ) -> None:
        """Stand in front of an application.

        Args:
            app: The application.
            sessions: Know the tokens.
            hosts: Names and addresses of this device, without port.
        """
        self._app = app
        self._sessions = sessions
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with a limit on the body and headers on the answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        answer = _with_headers(send)
        if refusal is None:
            await self._app(scope, _limited(receive), answer)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            status, reason = refusal
            response = JSONResponse({"detail": reason}, status)
            await response(scope, receive, answer)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _host_name(host) not in self._hosts:
            return 400, OTHER_HOST
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if not changes:
            return None
        if not _is_same_origin(headers, host):
            return 403, OTHER_PAGE
        if scope["type"] == "websocket":
            return None
        token = headers.get(TOKEN_HEADER, "")
        if not self._sessions.is_token(session_of(headers), token):
            return 403, OLD_PAGE
        if _content_length(headers) > MAX_BODY_BYTES:
            return 413, TOO_MUCH
        return None


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_same_origin(headers: Headers, host: str) -> bool:
    """Say whether the browser names our own page, or no page at all, as the origin."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit_netloc(origin) == host


def urlsplit_netloc(url: str) -> str:
    """Return the host and port of an address, empty where it is none."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _content_length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else MAX_BODY_BYTES + 1


def _limited(receive: Receive) -> Receive:
    """Cut a body off that is longer than it said."""
    n_bytes = 0

    async def read() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > MAX_BODY_BYTES:
            return {"type": "http.disconnect"}
        return message

    return read


def _with_headers(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return answer
