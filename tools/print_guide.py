"""Make one file of the guides, pictures inside: to print, or to carry on a stick.

    python tools/print_guide.py --out out/guide.html

A clinic without a network cannot read them here. Every document begins a new page and
carries the intended use. Links between them work inside the file; a link to anything
else becomes plain text, since it would lead nowhere.
"""

import argparse
import base64
import html
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from leukoscope_edge import __version__
from leukoscope_edge.records.exports import INTENDED_USE

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TECHNICIAN = DOCS / "guide" / "technician" / "README.md"
LISTED = re.compile(r"^\d+\. \[[^\]]+\]\(([\w-]+\.md)\)$", re.M)
STYLE = """
@page { size: A4; margin: 12mm 14mm; }
body { font: 10pt/1.35 "Noto Sans", "DejaVu Sans", sans-serif; max-width: 46em;
  margin: 0 auto; padding: 0 1em; color: #111; }
section { break-before: page; }
section:first-of-type { break-before: auto; }
.use { font-size: 8.5pt; color: #444; border-bottom: 1px solid #999; }
h1 { font-size: 20pt; margin: .3em 0; } h2 { font-size: 14pt; break-after: avoid; }
img { max-width: 100%; max-height: 62mm; border: 1px solid #999; }
table { border-collapse: collapse; width: 100%; margin: .6em 0; }
th, td { border: 1px solid #999; padding: .25em .5em; text-align: start;
  vertical-align: top; }
tr { break-inside: avoid; } th:empty { padding: 0; }
code { font-size: 9pt; overflow-wrap: anywhere; }
pre { background: #f2f2f2; padding: .5em; white-space: pre-wrap; }
a { color: inherit; }
"""


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/guide.html"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(guide_html(documents()), encoding="utf-8")
    print(options.out)


def documents() -> list[Path]:
    """Return what a site needs beside its device, in the order of reading."""
    listed = [TECHNICIAN.parent / n for n in LISTED.findall(TECHNICIAN.read_text())]
    guide = DOCS / "guide"
    return [
        DOCS / "intended-use.md",
        TECHNICIAN,
        *listed,
        guide / "site-set-up.md",
        guide / "service-manual.md",
    ]


def guide_html(pages: Sequence[Path]) -> str:
    """Return documents as one file that needs no other."""
    ids = {page.resolve(): id_of(page) for page in pages}
    body = "\n".join(section(page, ids) for page in pages)
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">\n'
        f"<title>Leukoscope {__version__}: guides</title>\n"
        f"<style>{STYLE}</style>\n{body}\n</html>\n"
    )


def id_of(page: Path) -> str:
    """Return a document's name inside the file."""
    return "-".join(page.relative_to(DOCS).with_suffix("").parts).lower()


def section(page: Path, ids: dict[Path, str]) -> str:
    """Return one document as a section that begins a new page."""
    reader = MarkdownIt("commonmark").enable("table")
    text = page.read_text(encoding="utf-8").replace("- [ ] ", "- ☐ ")
    tokens = reader.parse(text)
    for token in tokens:
        for child in token.children or []:
            _bring_along(child, page, ids)
    inner = reader.renderer.render(tokens, reader.options, {})
    use = f"Leukoscope {__version__}. {INTENDED_USE}"
    return (
        f'<section id="{ids[page.resolve()]}">\n'
        f'<p class="use">{html.escape(use)}</p>\n{inner}</section>'
    )


def _bring_along(token: Token, page: Path, ids: dict[Path, str]) -> None:
    """Put a picture into the file, and let a link lead to a place inside it."""
    if token.type == "image":
        data = (page.parent / str(token.attrs["src"])).read_bytes()
        token.attrs["src"] = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    elif token.type == "link_open":
        path = urlsplit(str(token.attrs["href"])).path
        target = (page.parent / path).resolve() if path else page.resolve()
        if target in ids:
            token.attrs["href"] = f"#{ids[target]}"
        else:
            del token.attrs["href"]


if __name__ == "__main__":
    main()
