"""The catalogues: read strictly, complete, and in step with the screens."""

import ast
import html
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from tests.edge.web.asked_texts import asked_texts
from tests.edge.web.stand_ins import Browser, fill_slide, look_at_all
from tests.simulated import simulated_bundle

from leukoscope_edge.counting import by_model, conclude
from leukoscope_edge.i18n import HOLDS, languages
from leukoscope_edge.inference import (
    new_context,
    open_bundle,
    shipped_bundles,
)
from leukoscope_edge.messages import TEMPLATES, Message, message
from leukoscope_edge.records.exports import (
    FORMATS,
    HEADS,
    INTENDED_USE,
    KIND_OF_ONE,
    KINDS,
)
from leukoscope_edge.records.exports.facts import asked_facts
from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup, SampleType, SlideFacts
from leukoscope_edge.types import Call, CallName
from leukoscope_edge.updates import UNCHANGED, Code
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.script_texts import (
    GOLDEN,
    LIGHTS,
    SIGNS,
    STATES,
    TEXTS,
)

TRANSLATED = [c for c in languages() if c != "en"]

CLOCK = {"found": "1970-01-01", "expected": "2026-11-01"}

EDGE = Path(__file__).parents[3] / "edge" / "leukoscope_edge"

WEB, REPORTS = EDGE / "web", EDGE / "records" / "exports" / "templates"


N_ASKED = 50
"""There are more: else the walk no longer sees them."""


def blanked(text: str) -> str:
    """Return a text with nothing in its braces."""
    return re.sub(r"{\w*}", "{}", text)


def used_texts() -> set[str]:
    """Every text that a screen asks a language for."""
    found = {INTENDED_USE, *LIGHTS.values(), *TEXTS.values(), *SIGNS, *STATES, GOLDEN}
    found |= {one.label for one in FORMATS.values()}
    found |= {*KINDS.values(), *KIND_OF_ONE.values(), *HEADS, "usual"}
    for template in (*(WEB / "templates").glob("*.html"), *REPORTS.glob("*.html")):
        for double, single in re.findall(
            r"""_\((?:"([^"]+)"|'([^']+)')\)""", template.read_text()
        ):
            found.add(double or single)
    return found


def texts_of_cards() -> set[str]:
    cards = [open_bundle(folder).card for folder in shipped_bundles().values()]
    return {t for card in cards for t in (card.summary, *card.limits)}


def test_every_screen_and_report_keeps_figure_and_percent_sign_together(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=4, n_normal=40)
    look_at_all(device, slide)
    for step in ("review", "result", "print"):
        text = browser.get(f"/slides/{slide}/{step}").text
        assert "\N{NO-BREAK SPACE}%" in text, step
        assert not re.search(r"\d %(?![^<>]*>)", text), step


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_of_every_screen_is_translated(code: str) -> None:
    missing = used_texts() - set(languages()[code].words)
    assert not missing, f"{code}.po lacks {sorted(missing)}"


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_that_a_program_asks_for_is_translated(code: str) -> None:
    assert len(asked_texts()) > N_ASKED
    missing = asked_texts() - set(languages()[code].words)
    assert not missing, f"{code}.po lacks {sorted(missing)}"


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_message_is_translated(code: str) -> None:
    missing = {t for i, t in TEMPLATES.items() if i != "test"}
    assert not missing - set(languages()[code].words)


@pytest.mark.parametrize("code", TRANSLATED)
def test_what_a_report_says_of_a_slide_is_translated(code: str) -> None:
    words = languages()[code].words
    for sample_type, age, mode in product(SampleType, AgeGroup, ("count", "passive")):
        facts = SlideFacts(
            sample_type=sample_type, age=age, mode=mode, is_leukopenic=True
        )
        for is_own in (True, False):
            rows = (f.row() for f in asked_facts(facts, is_own=is_own))
            assert {text for row in rows for text in row} <= set(words)


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_limits_of_every_shipped_model_are_translated(code: str) -> None:
    assert not texts_of_cards() - set(languages()[code].words)


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_holds_the_same_figures(code: str) -> None:
    for msgid, msgstr in languages()[code].words.items():
        assert sorted(HOLDS.findall(msgid)) == sorted(HOLDS.findall(msgstr)), msgid
        assert blanked(msgstr).count("{") == len(HOLDS.findall(msgid)), msgid


def outcomes() -> Iterator[Message]:
    """Every message of many counts, small and large."""
    card = simulated_bundle().card
    for n_blast, n_normal, n_unclear in [
        (0, 0, 0),
        (0, 20, 0),
        (0, 20, 9),
        (30, 5, 0),
        (0, 60, 0),
        (6, 100, 3),
        (4, 230, 0),
        (30, 170, 0),
        (20, 480, 1),
        (60, 440, 1),
    ]:
        calls = [Call(name=CallName.BLAST, p_blast=0.9)] * n_blast
        calls += [Call(name=CallName.NORMAL, p_blast=0.1)] * n_normal
        calls += [Call(name=CallName.UNCLEAR, p_blast=0.5)] * n_unclear
        for is_over, mode in product((False, True), ("count", "passive")):
            facts = replace(SIMULATED_SAMPLE, mode=mode)
            context = replace(new_context(facts, card, None, 0.1), is_over=is_over)
            outcome = conclude([by_model(c) for c in calls], context)
            yield from outcome.messages
            yield from [outcome.stop.why] if outcome.stop else []


def test_no_sentence_of_a_count_stays_english() -> None:
    said = set(outcomes())
    assert len(said) > 15
    for code in TRANSLATED:
        language = languages()[code]
        for one in said:
            assert one.said(language) != one.said(), (code, one)
            assert not english_in(one.said(language)), (code, one.said(language))


def english_in(text: str) -> list[str]:
    """Return the sentences of the machine that stand in a text as they are."""
    sentences = {blanked(t) for t in (*asked_texts(), *TEMPLATES.values())}
    pieces = {p for t in sentences for p in t.split("{}")}
    own = {w for language in languages().values() for w in language.words.values()}
    return [
        p.strip()
        for p in pieces
        if len(re.findall("[A-Za-z]{2,}", p)) > 1
        and " " in p.strip()
        and p.strip() in text
        and not any(p.strip() in w for w in own)
    ]


def test_no_sentence_of_the_machine_stays_english_on_a_french_page(
    browser: Browser, device: Device
) -> None:
    slides = [
        fill_slide(device, n_blast=3, n_unclear=1, n_normal=9),
        fill_slide(device, n_normal=2, sample="S-2"),
        fill_slide(device, n_unclear=5, n_normal=5, sample="S-3"),
        fill_slide(device, n_normal=1, sample="S-4", is_finished=False),
    ]
    device.store.count.resume(slides[1], "Amina", more=True)
    browser.post("/api/language", json={"language": "fr"})
    paths = [
        "/",
        "/sign-in",
        "/slides",
        "/slides/new",
        "/people",
        "/slides/none/count",
        "/none",
    ]
    paths += [
        f"/slides/{s}/{step}"
        for s in slides
        for step in ("ready", "count", "review", "result", "share")
    ]
    for path in paths:
        text = html.unescape(browser.get(path).text)
        text = re.sub(r'<script type="application/json".*?</script>', "", text)
        assert not english_in(text), path
        untranslated = used_texts() & set(re.findall(r">([^<>{}]+)<", text))
        same = {w for w, t in languages()["fr"].words.items() if w == t}
        assert untranslated <= same, path


def test_a_refusal_is_in_the_language_of_the_page(browser: Browser) -> None:
    browser.post("/api/language", json={"language": "fr"})
    answer = browser.post("/api/slides/0999/undo", json={"key": "key-00000001"})
    assert answer.json()["detail"] == "il n'y a pas de lame 0999"


REFUSALS = {
    "HTTPException": 1,
    "OutputError": 0,
    "RecordError": 0,
    "StepError": 0,
    "UpdateError": 0,
    "refusal": 1,
    "refused": 1,
}
"""What a person at the page is refused by, and which argument says why."""
N_REFUSALS = 140
"""There are more: else the walk below no longer sees them."""
FOR_ENGINEERS = {
    "cli/": "a command's own words",
    "records/slides/reproduce.py": "`records reproduce` alone asks it",
    "durable.py:alone_in": "the folder of a command's --out",
    "durable.py:prepare_folder": "the folder of a command's --out",
    "media/new_file.py:__init__": "a programmer's mistake: names are made by us",
    "media/root_helper.py:_head": "what breaks the protocol is no program of ours",
    "media/root_helper.py:_pieces": "likewise",
}
"""Where a refusal is plain English, by file and function, and why it may be."""


def refusals() -> Iterator[tuple[str, ast.expr | None]]:
    """Yield where somebody is refused something, and what says why."""
    for path in sorted(EDGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        inside = function_by_line(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if (at := REFUSALS.get(node.func.id)) is not None:
                why = node.args[at] if at < len(node.args) else None
                where = inside.get(node.lineno, "")
                yield f"{path.relative_to(EDGE).as_posix()}:{where}", why


def function_by_line(tree: ast.Module) -> dict[int, str]:
    """Return the name of the innermost function around each line that is in one."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    functions.sort(key=lambda f: f.lineno)
    spans = ((f.name, f.lineno, f.end_lineno or f.lineno) for f in functions)
    return {n: name for name, first, last in spans for n in range(first, last + 1)}


def fixed_text(node: ast.expr | None) -> str:
    """Return the words of a text or an f-string; empty for anything else."""
    pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(p.value) for p in pieces if isinstance(p, ast.Constant))


def test_nobody_is_refused_anything_by_a_plain_sentence() -> None:
    found = [*refusals()]
    assert len(found) > N_REFUSALS
    plain = {where for where, why in found if " " in fixed_text(why).strip()}
    allowed = {one for one in plain if one.startswith(tuple(FOR_ENGINEERS))}
    assert plain - allowed == set()
    unused = [w for w in FOR_ENGINEERS if not any(one.startswith(w) for one in allowed)]
    assert unused == [], "may be refused in plain words, and is not any more"


@pytest.mark.parametrize("code", TRANSLATED)
@pytest.mark.parametrize("detail", ["", message("clock-reads", **CLOCK)])
def test_a_code_s_whole_line_is_said_in_the_language(
    code: str, detail: str | Message
) -> None:
    language = languages()[code]
    for one in Code:
        said = one.told(detail).said(language)
        assert said.startswith(f"{one.id}: {one.cause.said(language)}")
        assert said.endswith(one.next_step.said(language))
        assert UNCHANGED.said(language) in said or one.id[0] != "U"
        assert "or soon after" not in said
        assert ("1970-01-01" in said) is bool(detail)


@pytest.mark.parametrize("code", TRANSLATED)
@pytest.mark.parametrize("detail", ["", message("clock-reads", **CLOCK)])
def test_the_line_of_a_code_in_an_older_history_is_read_in_the_language(
    code: str, detail: str | Message
) -> None:
    language = languages()[code]
    for one in Code:
        told = one.told(detail)
        assert language(told.said()) == told.said(language)
