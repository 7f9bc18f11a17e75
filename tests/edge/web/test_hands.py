"""Hands and ears at the microscope, in a real browser: picture, taps, sound, keys."""

from typing import cast

from playwright.sync_api import Browser, FloatRect, Page
from tests.edge.web import in_browser
from tests.edge.web.all_screens import (
    COUNTED,
    LIGHTS,
    LONG,
    Screen,
    looking,
    news,
    served,
    show,
)
from tests.edge.web.stand_ins import (
    PIN,
    StillCounter,
    fill_slide,
    look_at_all,
    new_slide_of,
)
from tests.waiting import wait_for

from leukoscope_edge.live import Mode
from leukoscope_edge.messages import message, plain
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark
LEVEL = """() => {
  const live = document.querySelector("#live");
  const [x, y] = [live.width / 2, live.height / 2];
  return [...live.getContext("2d").getImageData(x, y, 1, 1).data];
}"""
A_RESULT, A_GAP_PX = "#to-result", 32
SIZE = {"width": 1024, "height": 600}
MIXED = message("scale-mixed", k=12, n=30)
DOUBT = message("no-negative-until", reason=MIXED, cure=message("scale-mixed-cure"))
GO_ON = message("go-on", n=200, why=message("leukopenic"))
"""Long ones."""
GREY, NOTHING = [200, 200, 200, 255], [0, 0, 0, 0]


def counter(device: Device) -> StillCounter:
    return cast("StillCounter", device.counter)


def test_get_ready_never_shows_the_picture_of_another_slide(
    chromium: Browser, device: Device
) -> None:
    device.people.add_first(LONG, PIN)
    first = device.store.start_slide(new_slide_of(device, sample="S-1"), LONG)
    second = device.store.start_slide(new_slide_of(device, sample="S-2"), LONG)
    with served(device) as url, looking(chromium, device, url, "en") as page:
        counter(device).newest = news(Mode.PREVIEW, first, lights=LIGHTS)
        page.goto(f"{url}/slides/{second}/ready")
        wait_for(lambda: counter(device).orders)  # it has heard, and asks for its own
        assert page.evaluate(LEVEL) == NOTHING
        assert page.is_disabled("#start")
        counter(device).tell(news(Mode.PREVIEW, second))  # a picture, not yet judged
        wait_for(lambda: page.evaluate(LEVEL) == GREY)
        assert page.inner_text("#instruction").startswith("Waiting for the camera")
        assert page.is_disabled("#start")
        counter(device).tell(news(Mode.PREVIEW, second, lights=LIGHTS))
        page.wait_for_selector("#lights li")
        assert page.evaluate(LEVEL) == GREY


def test_what_forbids_a_negative_stands_before_the_advice_and_finish_in_sight(
    chromium: Browser, device: Device
) -> None:
    """A slide on which blasts are found needs no negative, and its count goes on."""
    device.people.add_first(LONG, PIN)
    slide = fill_slide(device, n_normal=2, is_finished=False)
    count = COUNTED["count"] | {"advice": plain(GO_ON)}
    facts = COUNTED | {"count": count, "doubt": plain(DOUBT)}
    screen = Screen(f"slides/{slide}/count", news(Mode.COUNTING, slide, **facts))
    with served(device) as url, looking(chromium, device, url, "en") as page:
        page.set_viewport_size(SIZE)
        show(page, device, url, screen)
        said = f"{DOUBT.said()}\n{GO_ON.said()}"
        assert page.inner_text("#advice") == said
        finish = page.locator("#finish").bounding_box()
        assert finish is not None
        assert finish["y"] + finish["height"] <= SIZE["height"]
        page.click("#finish")
        assert page.inner_text("#ending-advice") == said


def test_a_missed_cell_is_drawn_at_once_taken_back_and_judged_in_the_first_look(
    chromium: Browser, device: Device
) -> None:
    device.people.add_first(LONG, PIN)
    slide = fill_slide(device, n_normal=2, is_finished=False)
    facts = COUNTED | {"tracking": "tracking", "found_by": ""}
    for mode in (Mode.PAUSED, Mode.ENDED):
        with served(device) as url, looking(chromium, device, url, "en") as page:
            screen = Screen(f"slides/{slide}/count", news(mode, slide, **facts))
            show(page, device, url, screen)
            page.wait_for_selector("#live[data-latency-ms]")
            live = page.locator("#live").bounding_box()
            assert live is not None
            place = {"x": live["width"] / 2, "y": live["height"] / 2}
            for _ in range(2):
                page.locator("#live").click(position=place, force=True)
                page.wait_for_selector("#added:not([hidden])")
                assert has_box(page)
                said = page.inner_text("#added")
                assert f"added by {LONG}, not judged yet" in said
                if mode is Mode.PAUSED:
                    page.click("#take-back")
                    page.wait_for_selector("#added", state="hidden")
                    assert not has_box(page)
    added = [c for c in device.store.reader.slide(slide).cells if c.added_by]
    assert added
    assert all(c.word is None for c in added)


def has_box(page: Page) -> bool:
    colours = page.evaluate(
        """() => {
          const live = document.querySelector("#live");
          const data = live.getContext("2d").getImageData(0, 0, 640, 480).data;
          return new Set(data.filter((_, i) => i % 4 === 0)).size;
        }"""
    )
    return bool(colours > 1)


def test_sound_asks_for_a_touch_says_so_and_stays_off(
    chromium: Browser, device: Device
) -> None:
    device.people.add_first(LONG, PIN)
    slide = fill_slide(device, n_normal=2, is_finished=False)
    screen = Screen(f"slides/{slide}/count", news(Mode.PAUSED, slide, **COUNTED))
    with served(device) as url, looking(chromium, device, url, "en") as page:
        show(page, device, url, screen)
        wait_for(lambda: page.get_attribute("#sound", "data-state") in ("silent", "on"))
        if page.get_attribute("#sound", "data-state") == "silent":
            assert page.inner_text("#sound") == "Touch for sound"
            page.keyboard.press("Shift")
            page.click("#sound")  # wakes it, and does not switch it off
        page.wait_for_selector("#sound[data-state=on]")
        page.wait_for_timeout(800)
        page.click("#sound")
        page.wait_for_selector("#sound[data-state=off]")
        page.reload()
        page.wait_for_selector("#sound[data-state=off]")
        assert page.inner_text("#sound") == "Sound is off"


def test_arrows_reach_every_tab_and_space_presses_what_has_the_focus(
    chromium: Browser, device: Device
) -> None:
    device.people.add_first(LONG, PIN)
    slide = look_at_all(device, fill_slide(device, n_blast=2, n_normal=3))
    with served(device) as url, looking(chromium, device, url, "en") as page:
        show(page, device, url, Screen(f"slides/{slide}/review"))
        tabs, to_result = (page.locator(s).bounding_box() for s in (".tabs", A_RESULT))
        assert tabs is not None
        assert to_result is not None
        assert to_result["x"] - tabs["x"] - tabs["width"] < A_GAP_PX  # no room is lost
        page.focus("[role=tab][aria-selected=true]")
        reached = set()
        for _ in range(page.locator("[role=tab]:visible").count()):
            reached.add(page.get_attribute("[role=tab]:focus", "id"))
            page.keyboard.press("ArrowRight")
        assert len(reached) == page.locator("[role=tab]:visible").count()
        page.keyboard.press("Home")
        page.keyboard.press("Tab")
        chosen = page.inner_text("#chosen")
        assert "1 / 2" in chosen
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("ArrowRight")
        assert "2 / 2" in page.inner_text("#chosen")
        page.focus("#compare")
        page.keyboard.press(" ")
        assert page.inner_text("#said").startswith("Now choose the other cell")
        assert page.locator("#zoom[open]").count() == 0
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press(" ")
        assert page.locator("#zoom[open]").count() == 1


def test_on_the_devices_screen_no_words_are_squeezed_or_covered(
    chromium: Browser, device: Device
) -> None:
    device.people.add_first(LONG, PIN)
    slide = fill_slide(device, n_blast=1, n_normal=1)
    size = {"width": 1024, "height": 600}
    with (
        served(device) as url,
        looking(chromium, device, url, "en", viewport=size) as page,
    ):
        show(page, device, url, Screen(f"slides/{slide}/review"))
        for left in ("1", "0"):
            page.wait_for_selector("#review:not([data-fresh])")
            page.keyboard.press("m")
            page.wait_for_selector(f"#n-left:text-is('{left}')")
        said = box(page, "#said")
        assert "model: " in page.inner_text("#said")  # two lines
        assert said["y"] + page.evaluate(TALL, "#said") <= box(page, ".judge")["y"]
        assert box(page, "#done")["width"] > box(page, "#gallery")["width"] / 2
        show(page, device, url, Screen("slides"))
        chips = box(page, "#search .chips")
        assert chips["width"] > size["width"] / 2  # the room there is


TALL = "(selector) => document.querySelector(selector).scrollHeight"


def box(page: Page, selector: str) -> FloatRect:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found
