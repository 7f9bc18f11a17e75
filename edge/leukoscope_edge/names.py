"""Names of files as people may see them: any bytes, any characters.

A file name is bytes to Linux. What is no UTF-8 shows as U+FFFD in results, which must
be valid text everywhere; and what would move a terminal's cursor or turn the order of
its letters is written out on a terminal.
"""

import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, formats, surrogates, separators of lines."""
JOINERS = "\u200c\u200d"
"""Formats that words of Hindi and Persian need."""
AROUND = " \t\r\n\"'\u00a0\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb\ufeff"
"""What documents and shells leave around a word that is copied out of them."""


def shown(text: str) -> str:
    """Return a name or path as valid Unicode, what is none as U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def on_terminal(text: str) -> str:
    """Return one line for a terminal, with nothing in it that a terminal obeys."""
    return "".join(
        c
        if unicodedata.category(c) not in HIDDEN or c in JOINERS
        else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def unquoted(text: str) -> str:
    """Return a word without the blanks and quotes around it."""
    return text.strip(AROUND)
