"""Fonts for paper: the device's own, then the system's; never fetched.

The device brings what its page's languages and most names need, the same cuts that the
page is set in. A name in another script below takes the system's Noto font (Debian's
`fonts-noto-core`). Where no font covers a text, the report says so instead of printing
boxes that look like a name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from leukoscope_edge.durable import sha256_of

OWN = Path(str(resources.files("leukoscope_edge"))) / "fonts"
"""Cut by `tools/subset_fonts.py`."""
SUMS_NAME = "SHA256SUMS"
"""What each file of OWN hashes to, as `sha256sum` writes it."""
SYSTEM = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
BASE = "NotoSans"
"""Latin, Greek and Cyrillic."""
SCRIPTS = {
    "NotoSansHebrew": (0x0590, 0x05FF),
    "NotoSansArabic": (0x0600, 0x06FF),
    "NotoSansDevanagari": (0x0900, 0x097F),
    "NotoSansBengali": (0x0980, 0x09FF),
    "NotoSansGurmukhi": (0x0A00, 0x0A7F),
    "NotoSansGujarati": (0x0A80, 0x0AFF),
    "NotoSansTamil": (0x0B80, 0x0BFF),
    "NotoSansTelugu": (0x0C00, 0x0C7F),
    "NotoSansKannada": (0x0C80, 0x0CFF),
    "NotoSansMalayalam": (0x0D00, 0x0D7F),
    "NotoSansSinhala": (0x0D80, 0x0DFF),
    "NotoSansThai": (0x0E00, 0x0E7F),
    "NotoSansLao": (0x0E80, 0x0EFF),
    "NotoSansMyanmar": (0x1000, 0x109F),
    "NotoSansEthiopic": (0x1200, 0x137F),
    "NotoSansKhmer": (0x1780, 0x17FF),
    "NotoSansMath": (0x2190, 0x22FF),
    "NotoSansSymbols2": (0x2300, 0x27BF),
}
"""A font for each block of the Unicode standard that the base fonts leave out."""
RIGHT_TO_LEFT = (0x0590, 0x08FF)
"""Hebrew, Arabic and their neighbours."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """A font's files.

    Attributes:
        regular: The upright cut.
        bold: The bold one; the upright where there is none.
    """

    regular: Path
    bold: Path


@dataclass(frozen=True, slots=True)
class Fonts:
    """Fonts for a text.

    Attributes:
        base: For Latin, Greek and Cyrillic, and all that no other has.
        scripts: Further fonts that this text needs and that are there, by name.
    """

    base: Cuts
    scripts: dict[str, Cuts]

    def covers(self, text: str) -> bool:
        """Say whether there is a font for every script of a text."""
        return all(name in self.scripts for name in _needed([text]))


def find_fonts(texts: Iterable[str], folders: Iterable[Path] = SYSTEM) -> Fonts:
    """Find the fonts that some texts need.

    Args:
        texts: All of them.
        folders: Where to look for what the device does not bring.
    """
    needed = _needed(texts)
    files = {p.name: p for p in OWN.glob("*.ttf")}
    if any(f"{name}-Regular.ttf" not in files for name in needed):
        files = {p.name: p for f in folders for p in f.rglob("*.ttf")} | files
    scripts = {n: _cuts(n, files) for n in needed if f"{n}-Regular.ttf" in files}
    return Fonts(base=_cuts(BASE, files), scripts=scripts)


def read_sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 that each font of a folder shall have, {} where none says."""
    try:
        lines = (folder / SUMS_NAME).read_text("ascii").splitlines()
        return {name: digest for digest, name in (line.split() for line in lines)}
    except (OSError, ValueError):
        return {}


def digest_of(path: Path) -> str:
    """Return a file's SHA-256, "" where it cannot be read."""
    try:
        return sha256_of(path)
    except OSError:
        return ""


def is_right_to_left(text: str) -> bool:
    """Say whether a text begins with a script that runs to the left."""
    first = next((c for c in text if c.isalpha()), "")
    return holds_right_to_left(first)


def holds_right_to_left(text: str) -> bool:
    """Say whether anything in a text runs to the left."""
    low, high = RIGHT_TO_LEFT
    return any(low <= ord(c) <= high for c in text)


def _needed(texts: Iterable[str]) -> list[str]:
    points = {ord(c) for text in texts for c in text}
    return [
        name
        for name, (low, high) in SCRIPTS.items()
        if any(low <= p <= high for p in points)
    ]


def _cuts(name: str, files: dict[str, Path]) -> Cuts:
    regular = files[f"{name}-Regular.ttf"]
    return Cuts(regular=regular, bold=files.get(f"{name}-Bold.ttf", regular))
