"""Tests pass in what they need: nothing private is patched, nor a module's clock.

Public functions of ours are patched in a few files yet, which stand in a list that only
gets shorter. A constant of ours may be set: a test makes a limit small.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PUBLIC_ALL_THE_SAME = {"_exit"}
"""Of `os`: its name begins so, and it is no secret of anybody."""
OURS = ("leukoscope_edge", "leukoscope_train", "leukoscope_export")
PATCHED_YET: dict[str, list[str]] = {
    "edge/cli/commands/test_profile.py": ["cli.commands.profile.take_picture"],
    "edge/cli/commands/test_screen_options.py": [
        "cli.commands.screen.*",
        "cli.commands.screen.active_bundle",
        "cli.commands.screen.open_bundle",
        "cli.commands.screen.open_source",
        "cli.commands.screen.read_toml",
        "cli.commands.screen.screen",
        "cli.commands.screen.share_arenas",
        "cli.commands.screen.shipped_bundle_for",
        "cli.commands.screen.with_calibration",
    ],
    "edge/live/test_found_by.py": [
        "live.equipment.segmenter_of",
        "records.slides.reproduce.segmentation_named",
    ],
    "edge/live/test_running_count.py": [
        "capture.SimulatedCamera.read",
        "live.equipment.segmenter_of",
        "live.running_count.wait",
        "live.states.Counting.step",
    ],
    "edge/records/test_audit.py": ["records.ledger.chain_problems"],
    "edge/service/test_supervisor_turns.py": [
        "service.processes.end_orphans",
        "service.processes.reap",
    ],
    "edge/vision/cells/test_platelets.py": ["vision.cells.platelets.log_paleness_of"],
    "edge/web/test_maintenance.py": ["updates.in_use"],
    "edge/web/test_model_list.py": ["updates.folders"],
    "edge/web/test_update_session.py": ["updates.device_with"],
    "tools/test_same_slides.py": ["screening.SlideRun.cells"],
    "train/test_gpu.py": ["fit.captured"],
}
"""Functions and methods of ours that a test replaces; pass yours in instead."""


def is_private(name: str) -> bool:
    is_dunder = name.startswith("__") and name.endswith("__")
    return name.startswith("_") and not is_dunder and name not in PUBLIC_ALL_THE_SAME


def patched(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each attribute that is set from outside."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="setattr") | ast.Name(id="setattr"),
                args=[whose, ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name
                if isinstance(whose, ast.Attribute):
                    yield node.lineno, whose.attr
            case ast.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Attribute) and not is_self(target.value):
                        yield node.lineno, target.attr


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("monkeypatch.setattr(module, '_private', 1)", ["_private"]),
        ("monkeypatch.setattr(network._session, 'run', 1)", ["run", "_session"]),
        ("service._is_ready = True", ["_is_ready"]),
        ("self._own = True", []),
        ("monkeypatch.setattr(module, 'time', 1)", ["time"]),
    ],
)
def test_what_is_set_from_outside_is_seen(text: str, names: list[str]) -> None:
    assert [name for _, name in patched(ast.parse(text))] == names


def test_nothing_private_is_patched() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{line} {name}"
        for path in sorted(TESTS.rglob("*.py"))
        for line, name in patched(ast.parse(path.read_text("utf-8")))
        if is_private(name) or name == "time"
    ]
    assert found == []


def ours_in(tree: ast.AST) -> dict[str, str]:
    """Return modules and classes that a test imports of ours, by their name there."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}".split(".", 1)[1]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS)
        for alias in node.names
        if not alias.name.isupper()
    }


def functions_patched(text: str) -> Iterator[str]:
    """Yield functions and methods of ours that are replaced, as "service.disk.free"."""
    tree = ast.parse(text)
    ours = ours_in(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="setattr" | "patch" | "object"),
                args=[whose, *rest],
            ):
                yield from named(whose, rest[:1], ours)
            case ast.Assign(targets=[ast.Attribute(value=whose, attr=name)]):
                yield from named(whose, [ast.Constant(name)], ours)


def named(whose: ast.expr, rest: list[ast.expr], ours: dict[str, str]) -> Iterator[str]:
    match whose, rest:
        case ast.Constant(value=str(whole)), _ if whole.startswith(OURS):
            name = whole.split(".", 1)[1]
        case ast.Name(id=held), [ast.Constant(value=str(last))] if held in ours:
            name = f"{ours[held]}.{last}"
        case ast.Name(id=held), [_] if held in ours:
            name = f"{ours[held]}.*"
        case _:
            return
    if not name.rpartition(".")[2].isupper():
        yield name


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("monkeypatch.setattr(disk, 'room_left', 1)", ["service.disk.room_left"]),
        ("monkeypatch.setattr(disk, name, 1)", ["service.disk.*"]),
        ("mock.patch.object(disk, 'room_left')", ["service.disk.room_left"]),
        ("mock.patch('leukoscope_edge.service.disk.free')", ["service.disk.free"]),
        ("disk.room_left = len", ["service.disk.room_left"]),
        ("from leukoscope_edge.sample import ANY\nANY.side = 1", []),
        ("monkeypatch.setattr(disk, 'BALLAST_BYTES', 1)", []),
        ("monkeypatch.setattr(theirs, 'room_left', 1)", []),
        ("monkeypatch.setattr('os.fsync', len)", []),
        ("", []),
    ],
)
def test_a_patched_function_of_ours_is_seen(line: str, names: list[str]) -> None:
    text = f"from leukoscope_edge.service import disk\n{line}"
    assert list(functions_patched(text)) == names


def test_no_more_functions_of_ours_are_patched() -> None:
    found = {}
    for path in sorted(TESTS.rglob("*.py")):
        if names := sorted(set(functions_patched(path.read_text("utf-8")))):
            found[str(path.relative_to(TESTS))] = names
    assert found == PATCHED_YET
