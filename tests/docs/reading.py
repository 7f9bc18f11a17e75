"""Reads our Markdown: links, headings, code and tables. No full parser is needed."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"```.*?```", re.S)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?<!\\)\]\(<?([^)\s>]+)>?\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.M)


def documents() -> list[Path]:
    """Every document of the repository."""
    top = ROOT.glob("*.md")
    return sorted([*top, *(ROOT / "docs").rglob("*.md")])


def name_of(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def links(text: str) -> list[str]:
    """The targets of links and pictures that lie in this repository."""
    plain = SPAN.sub("", FENCE.sub("", text))
    targets = LINK.findall(plain) + re.findall(r'(?:src|href)="([^"]+)"', plain)
    return [t for t in targets if not re.match(r"[a-z]+:", t)]


def anchors(text: str) -> set[str]:
    """What a heading is called in an address."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        words = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        found.add(words)
    return found


def code(text: str) -> Iterator[str]:
    """Yield every command line and span of code, joined where a line goes on."""
    for block in FENCE.findall(text):
        yield from _lines(block.strip("`"))
    outside = FENCE.sub("", text)
    yield from _lines("\n".join(re.findall(r"^ {4,}(\S.*)$", outside, re.M)))
    yield from SPAN.findall(outside)


def _lines(block: str) -> list[str]:
    return re.sub(r"\\\n\s*", " ", block).split("\n")


def sections(text: str) -> list[str]:
    """A document cut at its headings; the first piece is what stands before them."""
    return re.split(r"^(?=#{1,6} )", FENCE.sub("", text), flags=re.M)


def has_figures(section: str) -> bool:
    """Say whether a table of a section holds two measured figures in one row."""
    rows = [r.split("|")[1:-1] for r in section.splitlines() if r.startswith("|")]
    figure = re.compile(r"^\W*-?\d+\.\d+\b[\d.\s()to%x–,-]*$")
    return any(sum(bool(figure.match(c.strip())) for c in row) >= 2 for row in rows)


def sentences(text: str) -> list[str]:
    """The sentences of a document's paragraphs, list items and table cells."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", FENCE.sub("", text))
    lines = [s for s in text.splitlines() if not re.match(r" {4}|#|\|[-|]+$", s)]
    cells = [c for s in lines if s.startswith("|") for c in s.split("|")]
    prose = "\n".join("" if s.startswith("|") else s for s in lines)
    pieces = re.split(r"\n\s*\n|\n(?=\d+\. |- )", prose) + cells
    found = [
        s for p in pieces for s in re.split(r"(?<=[.!?:;])\s+", " ".join(p.split()))
    ]
    return _numbers_joined([s for s in found if s])


def _numbers_joined(found: list[str]) -> list[str]:
    """Put the number of a list back in front of its sentence."""
    joined: list[str] = []
    for sentence in found:
        if joined and re.fullmatch(r"\d+\.", joined[-1]):
            joined[-1] += f" {sentence}"
        else:
            joined.append(sentence)
    return joined
