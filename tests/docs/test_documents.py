"""What the documents say of this repository is so: links, files, commands, figures."""

import argparse
import re
import shlex
from pathlib import Path

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

DOCUMENTS = {name_of(d): d.read_text() for d in documents()}
TOP = ("edge", "train", "export", "firmware_config", "tools", "tests", "docs")
PLACEHOLDER = re.compile(r"/[A-Z]+\b(?!\.md)")
"""Of a name that the reader chooses, as in languages/CODE.po."""
MODULE = re.compile(r"`([\w/]+\.py)`")
OF_OTHERS = {
    "socket.py",
    "pickle.py",
    "json.py",
    "edge/leukoscope_edge/capture/NAME.py",
}
"""Modules that a document names and that are not ours, or not yet."""
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
    concrete = [f for f in named if not PLACEHOLDER.search(f)]
    return [f for f in concrete if not (ROOT / f).exists()]


def test_a_file_that_is_gone_is_found() -> None:
    text = "`tools/none.py`, `tools/screenshots.py`, `docs/NONE.md`, `docs/CODE.po`"
    assert absent_files(text) == ["tools/none.py", "docs/NONE.md"]


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

    walk(cli._parser(cli.COMMANDS), "")
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


def of_tool(tool: str) -> list[Path]:
    """A tool's file, and the rigs from which it imports."""
    own = ROOT / tool
    rigs = re.findall(r"^from tests\.rigs\.(\w+) import", own.read_text(), re.MULTILINE)
    return [own, *(ROOT / "tests" / "rigs" / f"{name}.py" for name in rigs)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_verb_and_option_of_a_tool_is_in_its_source(document: str) -> None:
    wrong = []
    for package, tool, rest in (
        m for piece in code(DOCUMENTS[document]) for m in WORKSHOP.findall(piece)
    ):
        top = {"leukoscope_train": "train", "leukoscope_export": "export"}
        sources = (ROOT / top[package]).rglob("*.py") if package else of_tool(tool)
        source = "".join(p.read_text() for p in sources)
        words = re.findall(r"(?<!\S)--[a-z][\w-]*", rest)
        verb = re.match(r" ([a-z][\w-]*)", rest)
        words += [verb[1]] if package and verb else []
        wrong += [f"{package or tool} {w}" for w in words if f'"{w}"' not in source]
    assert wrong == []


def test_every_tool_stands_in_some_document() -> None:
    everything = "\n".join(DOCUMENTS.values())
    tools = [p.name for p in (ROOT / "tools").glob("*.py")]
    assert [t for t in tools if f"tools/{t}" not in everything] == []


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


FIGURE = re.compile(r"(?<![\d.])\d\.\d{3}(?!\d)")


def stale_figures(text: str) -> list[str]:
    """Figures of a topic of the README that no document linked there holds."""
    stale = []
    for topic in re.split(r"^(?=\*\*[A-Z])", text, flags=re.M):
        targets = [t.partition("#")[0] for t in links(topic)]
        told = "".join(DOCUMENTS.get(target, "") for target in targets)
        stale += [f for f in FIGURE.findall(topic) if f not in FIGURE.findall(told)]
    return stale


def test_what_the_readme_quotes_stands_in_the_document_that_it_names() -> None:
    [quoted] = [s for s in sections(DOCUMENTS["README.md"]) if "How good is" in s[:20]]
    assert FIGURE.search(quoted)
    assert stale_figures(quoted) == []


def test_a_quoted_figure_that_was_measured_anew_is_found() -> None:
    text = "**Calls.** 0.690 of 9.999 ([all](docs/validation.md))\n**Speed.** 0.690"
    assert stale_figures(text) == ["9.999", "0.690"]


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


@pytest.fixture(scope="module")
def modules() -> set[str]:
    """The end of every path of a module of ours: `x.py`, `room/x.py` and so on."""
    paths = [p.relative_to(ROOT) for top in TOP for p in (ROOT / top).rglob("*.py")]
    return {"/".join(p.parts[i:]) for p in paths for i in range(len(p.parts))}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_that_a_document_names_is_there(
    document: str, modules: set[str]
) -> None:
    if document == "CHANGELOG.md":  # tells of what is gone, too
        return
    named = set(MODULE.findall(DOCUMENTS[document]))
    assert named - modules - OF_OTHERS == set()


def test_a_module_that_is_gone_is_found(modules: set[str]) -> None:
    named = set(MODULE.findall("`counting/verdict.py` and `counting/none.py`"))
    assert named - modules == {"counting/none.py"}
