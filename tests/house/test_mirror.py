"""Every module has its tests in a file of its name, in a mirror of the packages."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "edge": ROOT / "edge" / "leukoscope_edge",
    "train": ROOT / "train" / "leukoscope_train",
    "export": ROOT / "export" / "leukoscope_export",
}


def place_of(package: str, module: Path) -> Path:
    """Where the tests of a module lie, by its path within its package."""
    return ROOT / "tests" / package / module.parent / f"test_{module.name}"


def test_every_module_has_a_file_of_tests() -> None:
    missing = [
        str(place_of(package, path.relative_to(folder)).relative_to(ROOT))
        for package, folder in PACKAGES.items()
        for path in sorted(folder.rglob("*.py"))
        if not path.name.startswith("__")
        and not place_of(package, path.relative_to(folder)).exists()
    ]
    assert missing == []


def test_every_file_of_tests_has_a_test() -> None:
    files = [
        p for package in PACKAGES for p in (ROOT / "tests" / package).rglob("test_*.py")
    ]
    assert files
    empty = [p for p in files if "\ndef test_" not in p.read_text("utf-8")]
    assert empty == []
