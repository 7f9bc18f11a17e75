"""The shape of the house: what a stranger can rely on when looking for something."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
EDGE = ROOT / "edge" / "leukoscope_edge"
PACKAGES = (
    EDGE,
    ROOT / "train" / "leukoscope_train",
    ROOT / "export" / "leukoscope_export",
)
MOST_MODULES, MOST_LINES, MOST_CLASS_LINES = 20, 400, 250


@cache
def sources() -> dict[Path, str]:
    """Every module, by its path."""
    paths = [p for package in PACKAGES for p in sorted(package.rglob("*.py"))]
    return {p: p.read_text("utf-8") for p in paths}


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(text) for path, text in sources().items()}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def n_lines(node: ast.ClassDef) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


def over(sizes: dict[str, int], most: int) -> dict[str, int]:
    return {name: size for name, size in sizes.items() if size > most}


def test_no_folder_holds_more_than_twenty_modules() -> None:
    counts: dict[str, int] = defaultdict(int)
    for path in sources():
        counts[named(path.parent)] += path.name != "__init__.py"
    assert not over(counts, MOST_MODULES)


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    static = EDGE / "web" / "static"
    others = [
        *(ROOT / "tools").glob("*.py"),
        *(ROOT / "tests" / "rigs").glob("*.py"),
        *static.glob("*.css"),
        *static.glob("*.js"),
    ]
    texts = sources() | {path: path.read_text("utf-8") for path in others}
    sizes = {named(path): len(text.splitlines()) for path, text in texts.items()}
    assert not over(sizes, MOST_LINES)


def test_no_class_is_longer_than_two_hundred_and_fifty_lines() -> None:
    sizes = {
        f"{named(path)}::{node.name}": n_lines(node)
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    assert not over(sizes, MOST_CLASS_LINES)


def test_no_two_public_classes_have_one_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(named(path))
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_no_two_modules_of_a_folder_differ_by_a_suffix() -> None:
    for folder in {p.parent for p in sources()}:
        names = {p.stem for p in folder.glob("*.py")}
        pairs = {
            (a, a + end)
            for a in names
            for end in ("s", "d", "ed", "er", "ing", "ling")
            if a + end in names
        }
        assert not pairs, named(folder)
