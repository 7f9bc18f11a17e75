"""The fonts that the page brings: no sign of ours is missing, none is the system's."""

import unicodedata
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import Page
from tests.edge.web.in_browser import NEEDS_BROWSER, Serve
from tests.edge.web.stand_ins import Browser

from leukoscope_edge.i18n import languages
from leukoscope_edge.records.exports import OWN
from leukoscope_edge.web.device import LANGUAGE_COOKIE

DEVICE = Path(str(resources.files("leukoscope_edge")))
SAID = [
    *(DEVICE / "web" / "templates").glob("*.html"),
    *(DEVICE / "web" / "static").glob("*.[cj]s*"),
    *(DEVICE / "languages").glob("*.po"),
]
WOFF2_BYTES_MAX = 400_000
"""A few hundred kB: what a browser fetches once a week."""


def own_signs() -> set[int]:
    return {point for path in OWN.glob("*.ttf") for point in TTFont(path).getBestCmap()}


def lacking(texts: Iterator[str], signs: set[int]) -> set[str]:
    signs_of = {c for text in texts for c in text if unicodedata.category(c) != "Cc"}
    return {c for c in signs_of if ord(c) not in signs}


def test_no_font_prints_nothing_but_empty_text() -> None:
    assert lacking(iter([""]), set()) == set()
    assert lacking(iter(["a\n"]), set()) == {"a"}


def test_the_fonts_have_every_sign_that_the_page_can_say() -> None:
    assert SAID
    assert lacking((p.read_text() for p in SAID), own_signs()) == set()


def test_the_browser_and_the_paper_have_the_same_cuts() -> None:
    cuts = {p.stem for p in OWN.glob("*.ttf")}
    assert cuts == {p.stem for p in OWN.glob("*.woff2")}
    style = (DEVICE / "web" / "static" / "style.css").read_text()
    assert all(f'url("/fonts/{cut}.woff2")' in style for cut in cuts)
    assert sum(p.stat().st_size for p in OWN.glob("*.woff2")) <= WOFF2_BYTES_MAX
    assert "SIL OPEN FONT LICENSE" in (OWN / "OFL.txt").read_text()


def test_a_browser_may_keep_the_fonts_and_nothing_else(stranger: Browser) -> None:
    font = stranger.get("/fonts/NotoSans-Regular.woff2")
    assert font.status_code == 200
    assert font.headers["cache-control"].startswith("max-age=")
    for path in ("/static/style.css", "/sign-in"):
        assert stranger.get(path).headers["cache-control"] == "no-store"


@pytest.mark.slow
@NEEDS_BROWSER
def test_each_language_is_set_in_the_pages_own_fonts(page: Page, serve: Serve) -> None:
    url = serve()
    own = {"ar": "Noto Sans Arabic", "hi": "Noto Sans Devanagari"}
    for code in languages():
        page.context.add_cookies([{"name": LANGUAGE_COOKIE, "value": code, "url": url}])
        page.goto(url)
        assert page.get_attribute("html", "lang") == code
        loaded = page.evaluate(
            "document.fonts.ready.then(fonts => "
            "[...fonts].filter(f => f.status == 'loaded')"
            ".map(f => f.family.replaceAll('\"', '')))"
        )
        assert own.get(code, "Noto Sans") in loaded, code
