"""Fonts for paper: found on the system, never fetched.

Debian's `fonts-noto-core` covers the scripts below. Where no font covers a text, the
report says so instead of printing boxes that look like a name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
BASE = ("NotoSans", "DejaVuSans")
"""Latin, Greek and Cyrillic; the first that is there is taken."""
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
}
"""A font for each block of the Unicode standard that the base fonts leave out."""
LATIN_1_END = 0xFF
"""What the fonts inside every PDF reader cover."""
RIGHT_TO_LEFT = (0x0590, 0x08FF)
"""Hebrew, Arabic and their neighbours."""


@dataclass(frozen=True, slots=True)
class Fonts:
    """Font files for a text.

    Attributes:
        regular: The base font, None where the system has none.
        bold: Its bold cut.
        scripts: Further fonts that this text needs and the system has, by name.
    """

    regular: Path | None
    bold: Path | None
    scripts: dict[str, Path]

    def covers(self, text: str) -> bool:
        """Say whether there is a font for every script of a text."""
        if self.regular is None:
            return all(ord(c) <= LATIN_1_END for c in text)
        return all(name in self.scripts for name in _needed([text]))


def find_fonts(texts: Iterable[str], folders: Iterable[Path] = FOLDERS) -> Fonts:
    """Find the fonts that some texts need."""
    files = {p.name: p for folder in folders for p in folder.rglob("*.ttf")}
    bases = (_cut(base, "Regular", files) for base in BASE)
    regular = next((p for p in bases if p), None)
    bold = (
        _cut(regular.stem.removesuffix("-Regular"), "Bold", files) if regular else None
    )
    return Fonts(
        regular=regular,
        bold=bold or regular,
        scripts={n: p for n in _needed(texts) if (p := _cut(n, "Regular", files))},
    )


def is_right_to_left(text: str) -> bool:
    """Say whether a text begins with a script that runs to the left."""
    first = next((c for c in text if c.isalpha()), "")
    return bool(first) and RIGHT_TO_LEFT[0] <= ord(first) <= RIGHT_TO_LEFT[1]


def _needed(texts: Iterable[str]) -> list[str]:
    points = {ord(c) for text in texts for c in text}
    return [
        name
        for name, (low, high) in SCRIPTS.items()
        if any(low <= p <= high for p in points)
    ]


def _cut(name: str, weight: str, files: dict[str, Path]) -> Path | None:
    """Return a font's file; DejaVu names its regular cut by nothing at all."""
    plain = f"{name}.ttf" if weight == "Regular" else f"{name}-{weight}.ttf"
    return files.get(f"{name}-{weight}.ttf") or files.get(plain)
