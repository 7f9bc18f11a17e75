"""People who read a slide, look at its result and sign it, as the pages let them."""

import html
import re

from tests.edge.web.stand_ins import NAME, PIN, Browser, fill_slide, look_at_all

from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.types import Reading
from leukoscope_edge.web.device import Device

CHANGED = "the result has changed: look again"


def judge_all(device: Device, slide: str, word: Reading) -> None:
    """Call every cell of the first look alike."""
    for cell in first_pass(device.store.reader.slide(slide)):
        device.store.review.judge_cell(
            slide, cell.id, word, NAME, key=f"key-{cell.id:0>8}"
        )


def text_of(browser: Browser, path: str) -> str:
    """A page's words, without its tags."""
    page = browser.get(path)
    assert page.status_code == 200, page.text
    main = page.text.split("<main")[1]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def shown_on(browser: Browser, slide: str) -> str:
    """The digest that the page would send."""
    page = browser.get(f"/slides/{slide}/result").text
    [digest] = re.findall(r'name="shown" value="([0-9a-f]{64})"', page)
    return str(digest)


def judge(device: Device, slide: str, word: Reading, key: str = "key") -> None:
    for cell in device.store.reader.slide(slide).cells:
        device.store.review.judge_cell(
            slide, cell.id, word, NAME, key=f"{key}-{cell.id:0>8}"
        )


def sign(browser: Browser, slide: str, *, shown: str, comment: str = "") -> int:
    body = {"pin": PIN, "comment": comment, "shown": shown}
    body["key"] = f"sign-{abs(hash((slide, shown, comment)))}"
    answer = browser.post(f"/api/slides/{slide}/sign", json=body)
    assert answer.status_code == 200 or answer.json()["detail"] == CHANGED
    return answer.status_code


def amended(browser: Browser, device: Device) -> str:
    """A slide of 200 normal cells, signed, amended, and 16 of them called blast."""
    slide = look_at_all(device, fill_slide(device, n_normal=200))
    shown = shown_on(browser, slide)
    assert sign(browser, slide, shown=shown, comment="mother came along") == 200
    body = {"why": "cells were read wrongly", "key": "amend-00001"}
    assert browser.post(f"/api/slides/{slide}/amend", json=body).status_code == 200
    for number in range(1, 17):
        device.store.review.judge_cell(
            slide, str(number), Reading.BLAST, NAME, key=f"again-{number:0>8}"
        )
    return slide
