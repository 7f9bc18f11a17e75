"""The screens: what each shows, and where a slide that is elsewhere leads."""

import importlib.resources
import re

import pytest
from tests.edge.web.stand_ins import Browser, StillCounter, fill_slide

from leukoscope_edge.live import Mode, News
from leukoscope_edge.web.device import Device


def test_a_field_that_must_match_another_says_so_in_words() -> None:
    templates = importlib.resources.files("leukoscope_edge.web") / "templates"
    for page in templates.iterdir():
        for tag in re.findall(r"data-same-as=.*", page.read_text(encoding="utf-8")):
            assert 'data-differs="{{ _(' in tag, page.name


def test_a_moment_reads_from_the_left_in_every_language() -> None:
    templates = importlib.resources.files("leukoscope_edge.web") / "templates"
    for page in templates.iterdir():
        text = page.read_text(encoding="utf-8")
        for before in text.split("{{ local_time(")[:-1]:
            opened = re.findall(r"<[^/][^>]*>", before)[-1]
            assert opened.startswith(("<time", '<bdi dir="ltr"', "<title")), opened


def test_nobody_is_chosen_at_the_sign_in(stranger: Browser) -> None:
    text = stranger.get("/sign-in").text
    assert 'name="name"' in text
    assert " checked" not in text


@pytest.mark.parametrize(
    ("mode", "step", "to"),
    [
        (None, "ready", "/slides/{}/review"),
        (None, "count", "/slides/{}/review"),
        (Mode.COUNTING, "ready", "/slides/{}/count"),
        (Mode.PAUSED, "ready", "/slides/{}/count"),
        (Mode.ENDED, "ready", "/slides/{}/count"),
    ],
)
def test_back_leads_to_where_the_slide_stands(
    browser: Browser, device: Device, mode: Mode | None, step: str, to: str
) -> None:
    slide = fill_slide(device, n_normal=2, is_finished=mode is None)
    if mode:
        counter = device.counter
        assert isinstance(counter, StillCounter)
        counter.tell(News(mode=mode, slide=slide, facts={"seq": 1}))
    answer = browser.get(f"/slides/{slide}/{step}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == to.format(slide)
