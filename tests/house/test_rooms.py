"""A room is imported by its name, and what it offers stands in its `__init__`.

A folder of a package is a room, a folder in it a room of its own. Inside a top room
modules import each other; whoever stands outside imports the folder, not its modules.
"""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {
    name: ROOT / folder
    for folder, name in (
        ("edge", "leukoscope_edge"),
        ("train", "leukoscope_train"),
        ("export", "leukoscope_export"),
    )
}
DEEP = {
    ("tools/*", "leukoscope_edge.cli.scale"): "the command line starts without numpy",
    ("tools/kill_storm.py", "leukoscope_edge.records"): "takes the sync from SQLite",
    ("tools/evaluate_segmentation.py", "leukoscope_edge.vision"): "sets the work pixel",
    ("tools/fit_platelets.py", "leukoscope_edge.vision.cells"): "tries other rules",
    ("tools/fit_platelets.py", "leukoscope_edge.vision.colour"): "measures as they do",
}
"""Files and module of each import that goes deeper than a room's name, and why."""


class Asked(NamedTuple):
    """One name that a module imports of a package of ours."""

    by: str
    module: str
    name: str


def path_of(module: str) -> Path:
    return SOURCES[module.split(".")[0]] / Path(*module.split("."))


def is_folder(module: str) -> bool:
    return (path_of(module) / "__init__.py").exists()


def is_module(module: str) -> bool:
    return path_of(module).with_suffix(".py").exists()


def room_of(module: str) -> str:
    """The top room that a module lies in, as "leukoscope_edge.records"."""
    return ".".join(module.split(".")[:2])


def asked_in(text: str, by: str) -> Iterator[Asked]:
    """Find what a source asks of our packages, wherever in it the import stands."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module.split(".")[0] in SOURCES:
                yield from (Asked(by, node.module, a.name) for a in node.names)
        elif isinstance(node, ast.Import):
            ours = (a.name for a in node.names if a.name.split(".")[0] in SOURCES)
            yield from (Asked(by, name, "") for name in ours)


def is_outside(asked: Asked) -> bool:
    own = asked.by.removesuffix(".py").replace("/", ".").split(".", 1)[-1]
    return room_of(own) != room_of(asked.module)


def why_not(asked: Asked) -> str:
    """Say what is wrong with an import between rooms; nothing is ""."""
    if len(asked.module.split(".")) > 2 and not is_folder(asked.module):
        return "goes deeper than the room's name"
    whole = f"{asked.module}.{asked.name}"
    inner = whole.count(".") > 1 and is_module(whole)
    if inner and asked.name not in offered(asked.module):
        return "is a module that the room does not offer"
    return ""


@cache
def offered(room: str) -> frozenset[str]:
    """What a room's `__init__` imports of its modules, also for the type checker."""
    return frozenset(name for _, name in homes(room))


@cache
def homes(room: str) -> frozenset[tuple[str, str]]:
    """What a room's `__init__` imports, with the module that it comes from."""
    text = (path_of(room) / "__init__.py").read_text("utf-8")
    return frozenset((asked.module, asked.name) for asked in asked_in(text, room))


@cache
def asked_outside() -> tuple[Asked, ...]:
    """What packages and tools ask of rooms that they do not lie in."""
    paths = [p for name in SOURCES for p in sorted(path_of(name).rglob("*.py"))]
    paths += sorted((ROOT / "tools").glob("*.py"))
    every = (
        asked
        for path in paths
        for asked in asked_in(path.read_text("utf-8"), str(path.relative_to(ROOT)))
    )
    return tuple(asked for asked in every if is_outside(asked))


def asked_by_tests() -> Iterator[Asked]:
    """What tests ask of modules in rooms, but of the module that a file mirrors."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        by = str(path.relative_to(ROOT))
        for asked in asked_in(path.read_text("utf-8"), by):
            if why_not(asked).startswith("goes") and by != mirror_of(asked.module):
                yield asked


def mirror_of(module: str) -> str:
    """Return the file that tests a module."""
    package, *rooms, name = module.split(".")
    return "/".join(("tests", package.split("_")[1], *rooms, f"test_{name}.py"))


def test_tests_ask_rooms_by_name_for_what_they_offer() -> None:
    rooms = ((asked, asked.module.rpartition(".")[0]) for asked in asked_by_tests())
    assert not [a for a, room in rooms if (a.module, a.name) in homes(room)]


def test_between_rooms_a_room_is_imported_by_its_name() -> None:
    deep = [(asked, why_not(asked)) for asked in asked_outside()]
    assert not [(a, why) for a, why in deep if why and not may_be(a)]


def may_be(asked: Asked) -> bool:
    """Say whether a deep import is excused."""
    return any(fnmatch(asked.by, f) and asked.module == m for f, m in DEEP)


def test_every_exception_is_still_needed() -> None:
    deep = [asked for asked in asked_outside() if why_not(asked)]
    for files, module in DEEP:
        assert any(fnmatch(a.by, files) and a.module == module for a in deep), files


def rooms() -> list[str]:
    """Every room of every package, by its whole name."""
    return [
        ".".join(path.parent.relative_to(SOURCES[name]).parts)
        for name in SOURCES
        for path in sorted(path_of(name).rglob("*/__init__.py"))
    ]


class Source(NamedTuple):
    """What a file imports, as (module, name), and what it takes of names, by a dot."""

    path: Path
    imports: frozenset[tuple[str, str]]
    attributes: frozenset[tuple[str, str]]


def source_of(path: Path, text: str) -> Source:
    imports = {(asked.module, asked.name) for asked in asked_in(text, str(path))}
    dots = (
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)
    )
    taken = {(n.value.id, n.attr) for n in dots if isinstance(n.value, ast.Name)}
    return Source(path, frozenset(imports), frozenset(taken))


@cache
def outsiders() -> tuple[Source, ...]:
    """Every source and tool, which may ask something of a room."""
    paths = [p for name in SOURCES for p in sorted(path_of(name).rglob("*.py"))]
    paths += sorted((ROOT / "tools").glob("*.py"))
    return tuple(source_of(path, path.read_text("utf-8")) for path in paths)


def asked_of(room: str, source: Source) -> set[str]:
    """Return the names that a file takes of a room, by import or as `room.name`."""
    above, _, last = room.rpartition(".")
    names = {name for module, name in source.imports if module == room}
    if (above, last) in source.imports:
        names |= {attr for name, attr in source.attributes if name == last}
    return names


def used_itself(room: str) -> set[str]:
    """Names that the code of a room's own `__init__` uses."""
    tree = ast.parse((path_of(room) / "__init__.py").read_text("utf-8"))
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("room", rooms())
def test_a_room_offers_only_what_is_asked_for_outside(room: str) -> None:
    outside = (s for s in outsiders() if path_of(room) not in s.path.parents)
    asked = {name for source in outside for name in asked_of(room, source)}
    own = {name for module, name in homes(room) if module.startswith(room)}
    assert own - asked - used_itself(room) == set()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("from leukoscope_edge.updates import install", {"install"}),
        ("from leukoscope_edge.updates.state import State", set()),
        ("from leukoscope_edge import updates\nupdates.probe(1)", {"probe"}),
        ("updates.probe(1)", set()),
        ("", set()),
    ],
)
def test_how_a_name_is_asked_for(text: str, names: set[str]) -> None:
    source = source_of(Path("web.py"), text)
    assert asked_of("leukoscope_edge.updates", source) == names


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("from leukoscope_edge.service import Pulse", ""),
        ("from leukoscope_edge.errors import LeukoscopeError", ""),
        ("from leukoscope_edge.service.heartbeat import Pulse", "goes deeper"),
        ("import leukoscope_edge.service.heartbeat", "goes deeper"),
        ("def f():\n    from leukoscope_edge.service.disk import Room", "goes deeper"),
        ("from leukoscope_edge.service import heartbeat", "is a module"),
        ("from leukoscope_edge.service import heat", ""),
    ],
)
def test_what_is_no_import_by_name(line: str, fault: str) -> None:
    (asked,) = asked_in(line, "edge/leukoscope_edge/web/health.py")
    assert is_outside(asked)
    assert why_not(asked).startswith(fault)
    assert bool(why_not(asked)) == bool(fault)


def test_inside_a_room_modules_import_each_other() -> None:
    line = "from leukoscope_edge.service.heartbeat import Pulse"
    (asked,) = asked_in(line, "edge/leukoscope_edge/service/supervisor.py")
    assert not is_outside(asked)
