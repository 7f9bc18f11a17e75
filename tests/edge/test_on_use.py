"""A room whose names are loaded when first asked for."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = ("leukoscope_edge", "leukoscope_train", "leukoscope_export")
"""Where only the device is installed, its rooms alone."""


def checked_imports(room: str, text: str) -> dict[str, str]:
    """What a type checker sees of a room: names, with their modules."""
    return {
        alias.name: node.module
        for block in ast.parse(text).body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if node.module != room  # a module that is offered whole
    }


def folders() -> Iterator[tuple[str, Path]]:
    """Every room of the packages that are installed, with its folder."""
    for package in filter(None, map(find_spec, PACKAGES)):
        (top,) = package.submodule_search_locations or ()
        for path in sorted(Path(top).rglob("*/__init__.py")):
            inner = path.parent.relative_to(top)
            yield ".".join((package.name, *inner.parts)), path.parent


def rooms_on_use() -> dict[str, dict[str, str]]:
    texts = {room: (f / "__init__.py").read_text("utf-8") for room, f in folders()}
    return {
        room: checked_imports(room, text)
        for room, text in texts.items()
        if "load_on_use(" in text
    }


@pytest.mark.parametrize("room", rooms_on_use())
def test_what_is_loaded_is_what_the_type_checker_sees(room: str) -> None:
    seen, module = rooms_on_use()[room], importlib.import_module(room)
    assert module.__all__ == sorted(seen)
    for name, home in seen.items():
        assert getattr(module, name) is getattr(importlib.import_module(home), name)


@pytest.mark.parametrize("room", rooms_on_use())
def test_no_offer_has_the_name_of_a_module_of_its_room(room: str) -> None:
    modules = {path.stem for path in dict(folders())[room].iterdir()}
    assert not set(rooms_on_use()[room]) & modules


@pytest.mark.parametrize("room", rooms_on_use())
def test_a_room_alone_loads_none_of_its_modules(room: str) -> None:
    code = f"import sys, {room}; print([m for m in sys.modules if '{room}.' in m])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stdout == "[]\n", ended.stderr


def test_an_unknown_name_is_refused_in_the_words_of_python() -> None:
    room = importlib.import_module("leukoscope_edge.capture")
    with pytest.raises(AttributeError, match="has no attribute 'microscope'"):
        room.microscope  # noqa: B018
