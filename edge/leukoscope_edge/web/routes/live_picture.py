"""The live picture: the newest frame to every viewer, as fast as each can take it.

A viewer says when it has drawn a picture and then gets the newest; what came between
is never sent. So a slow browser sees fewer pictures, none of them old, and neither the
other viewers nor the count notice it.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from fastapi import APIRouter, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import Response, StreamingResponse

from leukoscope_edge.live import Mode, News, blinded
from leukoscope_edge.web.device import Device

router = APIRouter()
BOUNDARY = "leukoscope-frame"
MJPEG = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
DRAWN_TIMEOUT_S = 10.0
"""A browser that draws nothing for so long has gone."""
POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1


class Viewer:
    """Waits for news that it has not seen."""

    def __init__(self, device: Device) -> None:
        """Listen to the counting process; call inside the event loop."""
        self._counter = device.counter
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._seen: News | None = None
        self._stop = self._counter.listen(self._wake)

    def _wake(self, _: News) -> None:
        self._loop.call_soon_threadsafe(self._news.set)

    async def newest(self) -> News:
        """Return the newest news, once there is some that this viewer has not seen."""
        while self._counter.newest is self._seen:
            self._news.clear()
            await self._news.wait()
        self._seen = self._counter.newest
        return self._seen

    def leave(self) -> None:
        """Stop listening."""
        self._stop()


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Send pictures with their boxes, one for every picture drawn."""
    device: Device = socket.app.state.device
    if device.person(socket, touch=False) is None:
        await socket.close(POLICY_VIOLATION)
        return
    await socket.accept()
    viewer, language = Viewer(device), device.language(socket)
    try:
        while True:
            news = await viewer.newest()
            # A moving stage under a running count is a sign of life.
            if device.person(socket, touch=news.mode is Mode.COUNTING) is None:
                await socket.close(POLICY_VIOLATION)
                return
            if device.profile.review.hides_count:
                news = replace(news, facts=blinded(news.facts))
            await socket.send_bytes(news.message(language))
            await asyncio.wait_for(socket.receive_text(), DRAWN_TIMEOUT_S)
    except (WebSocketDisconnect, asyncio.TimeoutError, asyncio.CancelledError):
        return  # the browser has gone, or the server goes; nothing else waits on this
    finally:
        viewer.leave()


@router.get("/live.mjpg")
async def mjpeg(request: Request) -> Response:
    """Stream the pictures without boxes, for a browser without WebSocket."""
    device: Device = request.app.state.device
    if device.person(request, touch=False) is None:
        return Response(status_code=401)
    return StreamingResponse(_parts(request, device), media_type=MJPEG)


async def _parts(request: Request, device: Device) -> AsyncIterator[bytes]:
    viewer = Viewer(device)
    try:
        while device.person(request, touch=False) is not None:
            news = await viewer.newest()
            if news.jpeg:
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n\r\n"
                yield head.encode() + news.jpeg + b"\r\n"
    finally:
        viewer.leave()


@router.get("/live.jpg")
async def still(request: Request) -> Response:
    """Return the newest picture."""
    device: Device = request.app.state.device
    news = device.counter.newest
    if device.person(request, touch=False) is None:
        return Response(status_code=401)
    if not news.jpeg:
        return Response(status_code=404)
    return Response(news.jpeg, media_type="image/jpeg")
