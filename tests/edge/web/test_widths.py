"""No screen is wider than the window, in any language, at any size of letters.

One browser, one context a language; each screen is loaded once and measured at every
width. The names are as long as can be. French, which is longest from the left, and
Arabic are measured always, the others at night.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.edge.web import in_browser
from tests.edge.web.all_screens import (
    EACH_LANGUAGE,
    Screen,
    Shown,
    looking,
    served,
    show,
)

from leukoscope_edge.i18n import languages
from leukoscope_edge.web.device import Device

pytestmark = in_browser.pytestmark
WIDTHS_PX = (320, 360, 375, 390, 412, 768, 1024)
HEIGHT_PX = 740
SIZES_PX = ((1024, 600), (360, 740))
LARGE_PX = 32
"""The browser's own size of letters, twice the usual 16: WCAG 2.2, 1.4.4."""
SEEN = """
  const said = (e) => `${e.tagName.toLowerCase()}${e.id && "#" + e.id}.${e.className} `
    + (e.innerText ?? "").trim().slice(0, 30);
  const isSeen = (e) => e.checkVisibility({ visibilityProperty: true })
    && !e.closest(".unseen") && e.getBoundingClientRect().width > 1;
"""
MEASURE = f"""(which) => {{{SEEN}
  const things = "button, .button, a, input, select, h1, h2, p, dt, dd, label, "
    + "summary, .simulation, .state, .sample";
  const all = (within, selector) =>
    [...within.querySelectorAll(selector)].filter(isSeen);
  function clipping(e) {{
    const {{ left, right }} = e.getBoundingClientRect();
    for (let box = e.parentElement; box; box = box.parentElement) {{
      if (getComputedStyle(box).overflowX === "visible") continue;
      const around = box.getBoundingClientRect();
      if (left < around.left - 1 || right > around.right + 1) return box;
    }}
  }}
  function linesOf(node, from = 0, to = node.childNodes.length) {{
    const text = document.createRange();
    text.setStart(node, from);
    text.setEnd(node, to);
    return new Set([...text.getClientRects()].map((r) => Math.round(r.top))).size;
  }}
  function brokenWord(e) {{
    const texts = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {{
      const node = texts.currentNode;
      for (const {{ 0: word, index }} of node.data.matchAll(/[^\\s-]+/g)) {{
        if (linesOf(node, index, index + word.length) > 1) return word;
      }}
    }}
  }}
  function* faults(within = document) {{
    const wide = document.documentElement.scrollWidth;
    if (wide > innerWidth) yield `the page is ${{wide}} wide`;
    const main = document.querySelector("main");
    if (main.scrollWidth > main.clientWidth) yield "the page scrolls sideways";
    for (const e of all(within, things)) {{
      if (e.closest(".tabs")) continue; // a row that scrolls; arrow keys and wheel do
      const {{ left, right }} = e.getBoundingClientRect();
      if (left < -1 || right > innerWidth + 1) yield `outside: ${{said(e)}}`;
      if (!e.matches("button, .button, .choice span")) continue;
      if (e.scrollWidth > e.clientWidth + 1) yield `cut: ${{said(e)}}`;
      if (clipping(e)) yield `clipped: ${{said(e)}}`;
    }}
    for (const e of within.querySelectorAll(".slide .sample")) {{
      const {{ width, height }} = e.getBoundingClientRect();
      if (width < 20 || height < 10) yield `whose slide is it: ${{said(e)}}`;
    }}
    for (const e of all(within, "#rows th a, .slide b")) {{
      if (linesOf(e) > 1) yield `a slide's number is broken: ${{said(e)}}`;
    }}
    const whole = innerWidth < 720 ? "th" : "th, button:not(.who), .button";
    for (const e of all(within, whole)) {{
      if (brokenWord(e)) yield `broken: ${{said(e)}}`;
    }}
    for (const e of all(within, ".differential td")) {{
      if (linesOf(e) > 1) yield `a figure is broken: ${{said(e)}}`;
    }}
    for (const e of all(within, ".buttons")) {{
      const heights = new Set([...e.children].map((b) => b.offsetHeight));
      if (heights.size > 1) yield `uneven: ${{said(e)}} ${{[...heights]}}`;
    }}
    const bar = all(within, ".head > *, .steps li, .whose > div");
    for (const a of bar) for (const b of bar) {{
      if (a === b || a.contains(b) || b.contains(a)) continue;
      const [p, q] = [a, b].map((e) => e.getBoundingClientRect());
      const over = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const under = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (over > 1 && under > 1) yield `${{said(a)}} covers ${{said(b)}}`;
    }}
  }}
  const found = new Set(faults());
  const dialogs = document.querySelectorAll("dialog");
  for (const dialog of [...dialogs].filter((_, i) => which.includes(i))) {{
    dialog.showModal();
    for (const fault of faults(dialog)) found.add(fault);
    dialog.close();
  }}
  return [...found];
}}"""

REACH = f"""(size) => {{{SEEN}
  const own = parseFloat(getComputedStyle(document.documentElement).fontSize);
  if (own !== size) return [`letters of ${{own}} px`];
  const found = [];
  const all = document.querySelectorAll("button, a[href], input, select, summary");
  for (const e of [...all].filter(isSeen)) {{
    const pressed = e.closest("label") ?? e;
    e.focus({{ preventScroll: true }});
    pressed.scrollIntoView({{ block: "center", inline: "nearest" }});
    const {{ left, right, top, bottom }} = pressed.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const there = document.elementFromPoint(x, y);
    if (pressed.contains(there) || there?.contains(pressed)) continue;
    found.push(`${{said(pressed)}} is covered by ${{there ? said(there) : "nothing"}}`);
  }}
  return found;
}}"""


DIALOGS = "() => [...document.querySelectorAll('dialog')].map((d) => d.outerHTML)"


def faults_at_each_width(page: Page, path: str, seen: set[str]) -> Iterator[str]:
    """Measure a screen, and those of its dialogs that no screen before had."""
    texts = page.evaluate(DIALOGS)
    new = [i for i, text in enumerate(texts) if text not in seen]
    seen.update(texts)
    for width in WIDTHS_PX:
        page.set_viewport_size({"width": width, "height": HEIGHT_PX})
        for fault in page.evaluate(MEASURE, new):
            yield f"{width} px, /{path}: {fault}"


@EACH_LANGUAGE
def test_nothing_is_wider_than_the_window(
    chromium: Browser, all_shown: Shown, language: str
) -> None:
    found: list[str] = []
    seen: set[str] = set()
    device, url = all_shown.device, all_shown.url
    with looking(chromium, device, url, language) as page:
        for screen in (*all_shown.screens, Screen("sign-in")):
            show(page, device, url, screen)
            found += faults_at_each_width(page, screen.path, seen)
    assert not found, "\n".join(found)


def test_where_nobody_is_known_nothing_is_wider_than_the_window(
    chromium: Browser, device: Device
) -> None:
    found: list[str] = []
    with served(device) as url:
        for language in languages():
            with looking(chromium, device, url, language) as page:
                show(page, device, url, Screen("set-up"))
                found += faults_at_each_width(page, f"set-up in {language}", set())
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_with_letters_twice_as_large_every_button_can_be_reached(
    chromium: Browser, all_shown: Shown, language: str
) -> None:
    found: list[str] = []
    device, url = all_shown.device, all_shown.url
    with looking(chromium, device, url, language) as page:
        large = {"standard": LARGE_PX, "fixed": LARGE_PX}
        session = page.context.new_cdp_session(page)
        session.send("Page.enable")
        session.send("Page.setFontSizes", {"fontSizes": large})
        for screen in (*all_shown.screens, Screen("sign-in")):
            show(page, device, url, screen)
            for width, height in SIZES_PX:
                page.set_viewport_size({"width": width, "height": height})
                faults = page.evaluate(REACH, LARGE_PX)
                found += [f"{width} px, /{screen.path}: {fault}" for fault in faults]
    assert not found, "\n".join(found)


def test_below_860_pixels_every_step_can_be_reached(
    chromium: Browser, all_shown: Shown
) -> None:
    device, url = all_shown.device, all_shown.url
    screens = [s for s in all_shown.screens if s.path.endswith("/review")]
    with looking(chromium, device, url, "en") as page:
        page.set_viewport_size({"width": 360, "height": HEIGHT_PX})
        show(page, device, url, screens[0])
        for step in ("share", "result", "review"):
            page.click(f".steps a[href$='/{step}']")
            in_browser.arrive(page, f"**/{step}")


def test_on_a_telephone_what_explains_a_choice_stands_below_it(
    chromium: Browser, all_shown: Shown
) -> None:
    device, url = all_shown.device, all_shown.url
    with looking(chromium, device, url, "en") as page:
        page.set_viewport_size({"width": 360, "height": HEIGHT_PX})
        show(page, device, url, Screen("slides/new"))
        note = page.locator("[name=is_normal] + span small").bounding_box()
        choice = page.locator("[name=is_normal] + span").bounding_box()
    assert note is not None
    assert choice is not None
    assert note["width"] > 0.7 * choice["width"]
