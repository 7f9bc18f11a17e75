"""Every English text in the device's sources, as patterns: what a catalogue must hold.

A sentence of the machine is an f-string in a source file. Its braces are blanked here
and in the catalogues, so that the two are compared whatever the braces are called.
"""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

EDGE = Path(__file__).parents[3] / "edge" / "leukoscope_edge"
SPEAKS = (
    "vision/quality.py",
    "records/exports/facts.py",
    "records/exports/pdf_report.py",
    "records/exports/report_words.py",
)
"""What these files say, a technician reads."""
NOT_FOR_TECHNICIANS = (
    r"characters cannot be printed|IN ENGLISH",  # where the language is not printable
    r"=|charset",  # of the protocol
)


def blanked(text: str) -> str:
    """Return a text with nothing in its braces."""
    return re.sub(r"{\w*}", "{}", text)


def texts_of(path: Path) -> Iterator[str]:
    """Yield every text of a source file, f-strings with blank braces."""
    tree = ast.parse(path.read_text("utf-8"))
    pieces = [n.values for n in ast.walk(tree) if isinstance(n, ast.JoinedStr)]
    docs = [[n.value] for n in ast.walk(tree) if isinstance(n, ast.Expr)]
    logged = [
        [n.value]
        for n in ast.walk(tree)
        if isinstance(n, ast.keyword) and n.arg == "doing"  # of the log, in English
    ]
    silent = {part for parts in (*pieces, *docs, *logged) for part in parts}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(v.value) if isinstance(v, ast.Constant) else "{}"
                for v in node.values
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node not in silent
        ):
            yield blanked(node.value)


@functools.cache
def translatable_texts() -> set[str]:
    """Return the sentences, of at least two words, of the files that speak."""
    found = {t.strip() for name in SPEAKS for t in texts_of(EDGE / name)}
    return {
        t
        for t in found
        if " " in t
        and len(re.findall("[A-Za-z]{2,}", t)) > 1
        and not any(re.search(p, t) for p in NOT_FOR_TECHNICIANS)
    }
