"""What the documents say of this repository is so: links, files, commands, words.

A guide that names a button that is no longer there costs a technician's morning.
"""

import argparse
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from tests.docs.reading import (
    ROOT,
    anchors,
    code,
    documents,
    has_figures,
    links,
    name_of,
    sections,
)

from leukoscope_edge import cli
from leukoscope_edge.profile import shipped_profiles
from leukoscope_edge.records.result import INTENDED_USE
from leukoscope_edge.screening import GUIDANCE
from leukoscope_edge.updates.codes import Code
from leukoscope_edge.vision.quality import assess
from leukoscope_edge.web.words import LIGHTS

DOCUMENTS = {name_of(d): d.read_text() for d in documents()}
TECHNICIAN = {k: t for k, t in DOCUMENTS.items() if "/technician/" in k}
TEMPLATES = ROOT / "edge" / "leukoscope_edge" / "web" / "templates"
TOP = ("edge", "train", "export", "firmware_config", "tools", "tests", "docs")
FILE = re.compile(rf"(?:^|[\s\[/])((?:{'|'.join(TOP)})/[\w./-]*\w)")
COMMAND = re.compile(r"(?:^|[\s/(])leukoscope ([a-z].*)|-m leukoscope_edge ([a-z].*)")
WORKSHOP = re.compile(
    r"python (?:-m (leukoscope_(?:train|export))|(tools/\w+\.py))((?: [^`#|]*)?)"
)
MAKES_FIGURES = re.compile(
    r"python3? (?:-m leukoscope_|tools/)|tools/\w+\.py|leukoscope (?:model|screen)"
)


def broken_links(document: str, text: str) -> list[str]:
    wrong = []
    for target in links(text):
        path, _, anchor = target.partition("#")
        file = (ROOT / document).parent / path if path else ROOT / document
        is_there = file.exists() and (not anchor or anchor in anchors(file.read_text()))
        if not is_there:
            wrong.append(target)
    return wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", []),
        ("[x](CHANGELOG.md), ![p](docs/simulated.jpg), [w](https://example.org)", []),
        ("[x](NONE.md)", ["NONE.md"]),
        ("![p](docs/none.png)", ["docs/none.png"]),
        ("# One thing\n[x](#one-thing)", []),
        ("[x](SECURITY.md#no-such-heading)", ["SECURITY.md#no-such-heading"]),
        ("`[x](NONE.md)`", []),
    ],
)
def test_a_broken_link_is_found(text: str, wrong: list[str]) -> None:
    found = [t for t in broken_links("README.md", text) if t != "#one-thing"]
    assert found == wrong


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_and_picture_is_there(document: str) -> None:
    assert broken_links(document, DOCUMENTS[document]) == []


def absent_files(text: str) -> list[str]:
    named = [f for piece in code(text) for f in FILE.findall(piece)]
    return [f for f in named if not (ROOT / f).exists()]


def test_a_file_that_is_gone_is_found() -> None:
    assert absent_files("`tools/none.py` and `tools/screenshots.py`") == [
        "tools/none.py"
    ]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_named_is_there(document: str) -> None:
    assert absent_files(DOCUMENTS[document]) == []


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Every command of `leukoscope`, an action with its command before it."""
    found: dict[str, argparse.ArgumentParser] = {}

    def walk(parser: argparse.ArgumentParser, name: str) -> None:
        found[name] = parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for verb, below in action.choices.items():
                    walk(below, f"{name} {verb}".strip())

    walk(cli._parser([]), "")
    return found


PARSERS = parsers()
GROUPS = {name.rpartition(" ")[0] for name in PARSERS}


def unknown_words(text: str) -> list[str]:
    """What the documents ask of `leukoscope` that it does not know."""
    wrong = []
    for piece in code(text):
        for match in COMMAND.finditer(piece):
            words = words_of(match[1] or match[2])
            name = words[0]
            if name in GROUPS and len(words) > 1 and words[1] != "...":
                name = f"{name} {words[1]}"
            options = {w.partition("=")[0] for w in words if w.startswith("--")}
            if name not in PARSERS:
                wrong.append(name)
            else:
                known = PARSERS[name]._option_string_actions
                wrong += [f"{name} {o}" for o in sorted(options) if o not in known]
    return wrong


def words_of(line: str) -> list[str]:
    """A command's words, up to a comment, a pipe or a second sentence."""
    line = re.split(r" {2,}|[;|>]| #|\[--", line)[0]
    try:
        return shlex.split(line)
    except ValueError:  # a quotation mark of the sentence around it
        return line.split()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", []),
        ("`leukoscope screen SOURCE --json`", []),
        ("    leukoscope records list --data DIR", []),
        ("    leukoscope records retain \\\n      --pictures-days 3", []),
        ("`leukoscope dance`", ["dance"]),
        ("`leukoscope records dance`", ["records dance"]),
        ("`leukoscope screen SOURCE --fast`", ["screen --fast"]),
        ("`leukoscope model ...`", []),
        ("the leukoscope dances", []),
    ],
)
def test_a_command_that_is_gone_is_found(text: str, wrong: list[str]) -> None:
    assert unknown_words(text) == wrong


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_is_one_that_the_program_knows(document: str) -> None:
    assert unknown_words(DOCUMENTS[document]) == []


def test_every_command_stands_in_some_document() -> None:
    lines = {
        " ".join(words_of(match[1] or match[2])[:2])
        for text in DOCUMENTS.values()
        for piece in code(text)
        for match in COMMAND.finditer(piece)
    }
    asked = {n for n in PARSERS if n not in GROUPS}
    assert [
        n for n in asked if not any(f"{s} ".startswith(f"{n} ") for s in lines)
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_option_of_a_tool_is_in_its_source(document: str) -> None:
    wrong = []
    for package, tool, rest in (
        m for piece in code(DOCUMENTS[document]) for m in WORKSHOP.findall(piece)
    ):
        top = {"leukoscope_train": "train", "leukoscope_export": "export"}
        sources = (ROOT / top[package]).rglob("*.py") if package else [ROOT / tool]
        source = "".join(p.read_text() for p in sources)
        options = re.findall(r"(?<!\S)--[a-z][\w-]*", rest)
        wrong += [f"{package or tool} {o}" for o in options if f'"{o}"' not in source]
    assert wrong == []


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if d.startswith("docs/")])
def test_no_table_of_figures_stands_without_its_command(document: str) -> None:
    head, *rest = sections(DOCUMENTS[document])
    opening = head + (rest[0] if rest else "")
    bare = [
        s.splitlines()[0]
        for s in rest
        if has_figures(s) and not MAKES_FIGURES.search(s + opening)
    ]
    assert bare == []


def test_a_table_of_figures_is_seen() -> None:
    assert has_figures("| a | 0.93 | 12.5 |")
    assert not has_figures("| a | 0.93 | words |")
    assert not has_figures("")


def test_every_document_can_be_reached_from_another() -> None:
    reached = {
        ((ROOT / name).parent / target.partition("#")[0]).resolve()
        for name, text in DOCUMENTS.items()
        for target in links(text)
    }
    start = {"README.md", "docs/guide/README.md"}
    lost = [
        name
        for name in DOCUMENTS
        if name.startswith("docs/")
        and name not in start
        and (ROOT / name).resolve() not in reached
    ]
    assert lost == []


def test_the_intended_use_is_the_sentence_of_the_code() -> None:
    assert f"> {INTENDED_USE}\n" in DOCUMENTS["docs/intended-use.md"]


def test_every_instruction_of_the_device_is_in_the_technicians_guide() -> None:
    warnings = DOCUMENTS["docs/guide/technician/warnings.md"]
    report = assess(np.zeros((64, 64, 3), np.uint8))
    said = [m.instruction for m in report.measures if m.name in LIGHTS]
    assert len(said) == len(LIGHTS)
    missing = [s for s in (*said, *GUIDANCE.values()) if s not in warnings]
    assert missing == []


def test_every_light_is_explained() -> None:
    page = DOCUMENTS["docs/guide/technician/get-ready.md"]
    assert [n for n in LIGHTS.values() if f"| {n} |" not in page] == []


def test_everything_that_the_count_says_is_in_the_guide() -> None:
    source = (TEMPLATES / "count.html").read_text()
    phrases = source[source.index('id="phrases"') :]
    said = re.findall(r"_\('(.+?)'\)", phrases)
    guide = "\n".join(TECHNICIAN.values())
    assert len(said) > 5
    assert [s for s in said if s.rstrip(".") not in guide] == []


def test_every_button_that_the_guide_names_is_on_the_page() -> None:
    shown = "\n".join(p.read_text() for p in TEMPLATES.glob("*.html"))
    texts = set(re.findall(r"""_\(["'](.+?)["']\)""", shown))
    named = {
        (page, button)
        for page, text in TECHNICIAN.items()
        for button in re.findall(r"[Pp]ress\s+\*\*(.+?)\*\*", text)
    }
    assert len(named) > 15
    gone = [
        f"{p}: {b}" for p, b in sorted(named) if re.sub(r" \d$", "", b) not in texts
    ]
    assert gone == []


@pytest.mark.parametrize("code_", Code, ids=lambda c: c.id)
def test_every_code_is_in_the_service_manual(code_: Code) -> None:
    row = f"| {code_.id} | {code_.cause} | {code_.next_step} |"
    assert row in DOCUMENTS["docs/guide/service-manual.md"]


def test_every_profile_is_in_the_site_set_up() -> None:
    page = DOCUMENTS["docs/guide/site-set-up.md"]
    assert [n for n in shipped_profiles() if f"`{n}`" not in page] == []


def test_no_guide_is_an_empty_page() -> None:
    guides = [d for d in documents() if Path("docs/guide") in Path(name_of(d)).parents]
    assert len(guides) > 10
    assert [name_of(d) for d in guides if len(d.read_text().split()) < 60] == []
