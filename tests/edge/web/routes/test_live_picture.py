"""The live picture: the newest wins, boxes travel with their picture."""

import json

import pytest
from starlette.websockets import WebSocketDisconnect
from tests.edge.web.stand_ins import Browser

from leukoscope_edge.live import Mode, News
from leukoscope_edge.live.commands import HEAD_BYTES
from leukoscope_edge.web.device import Device


def news(seq: int, jpeg: bytes = b"jpeg") -> News:
    facts = {"seq": seq, "frame": f"frame {seq}", "boxes": [{"cell": str(seq)}]}
    return News(mode=Mode.COUNTING, slide="0001", facts=facts, jpeg=jpeg)


def unpack(message: bytes) -> tuple[dict[str, object], bytes]:
    length = int.from_bytes(message[:HEAD_BYTES], "big")
    facts = json.loads(message[HEAD_BYTES : HEAD_BYTES + length])
    return facts, message[HEAD_BYTES + length :]


@pytest.mark.parametrize("jpeg", [b"", b"x", b"\x00" * 1000])
def test_a_message_is_facts_and_picture(jpeg: bytes) -> None:
    facts, picture = unpack(news(7, jpeg).message())
    assert facts["seq"] == 7
    assert facts["mode"] == "counting"
    assert picture == jpeg


def test_a_viewer_that_draws_slowly_gets_the_newest(
    browser: Browser, device: Device
) -> None:
    counter = device.counter
    with browser.watch() as socket:
        unpack(socket.receive_bytes())  # what was there when it came
        for seq in range(1, 11):
            counter.tell(news(seq))  # type: ignore[attr-defined]
        socket.send_text("drawn")
        facts, _ = unpack(socket.receive_bytes())
        assert facts["seq"] == 10
        assert [b["cell"] for b in facts["boxes"]] == ["10"]


def test_viewers_do_not_wait_for_each_other(browser: Browser, device: Device) -> None:
    with (
        browser.watch() as slow,
        browser.watch() as quick,
    ):
        slow.receive_bytes()
        quick.receive_bytes()
        for seq in (1, 2, 3):
            device.counter.tell(news(seq))  # type: ignore[attr-defined]
            quick.send_text("drawn")
            assert unpack(quick.receive_bytes())[0]["seq"] == seq
        slow.send_text("drawn")
        assert unpack(slow.receive_bytes())[0]["seq"] == 3


def test_a_viewer_who_left_is_forgotten(browser: Browser, device: Device) -> None:
    with browser.watch() as socket:
        socket.receive_bytes()
    assert device.counter.listeners == []  # type: ignore[attr-defined]


def test_nobody_looks_without_signing_in(stranger: Browser) -> None:
    with pytest.raises(WebSocketDisconnect), stranger.watch():
        pass
    assert stranger.get("/live.jpg").status_code == 401
    assert stranger.get("/live.mjpg").status_code == 401


def test_the_still_picture_is_the_newest(browser: Browser, device: Device) -> None:
    assert browser.get("/live.jpg").status_code == 404
    device.counter.tell(news(1, b"one"))  # type: ignore[attr-defined]
    assert browser.get("/live.jpg").content == b"one"


def test_the_live_picture_ends_when_the_session_locks(
    browser: Browser, device: Device
) -> None:
    with browser.watch() as socket:
        socket.receive_bytes()
        device.sessions._open.clear()
        device.counter.tell(news(1))  # type: ignore[attr-defined]
        socket.send_text("drawn")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()
