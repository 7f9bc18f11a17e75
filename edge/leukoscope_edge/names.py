"""Names as people may see, type and paste them: any bytes, any characters.

A file name is bytes to Linux. What is no UTF-8 shows as U+FFFD in results, which must
be valid text everywhere; and what would move a terminal's cursor or turn the order of
its letters is written out on a terminal.

What people type has one spelling for what looks alike (UAX 15, UTS 39): a label that
is copied from a page in Arabic, or typed with that keyboard's digits, is the same.
"""

import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, formats, surrogates, separators of lines."""
JOINERS = "\u200c\u200d"
"""Formats that words of Hindi and Persian need."""
AROUND = " \t\r\n\"'\u00a0\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb\ufeff"
"""What documents and shells leave around a word that is copied out of them."""

OVERRIDES = frozenset("\u202d\u202e")
"""They show letters in another order than they stand in: what one sees is not what
would be kept, so whoever takes a text refuses them."""
UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10)))
)
"""Drawn as nothing, and no formats to Unicode: fillers, joiners, variation selectors
(Default_Ignorable_Code_Point of DerivedCoreProperties.txt), the braille blank."""


FULL_WIDTH = {n: n - 0xFEE0 for n in range(0xFF01, 0xFF5F)}
"""ASCII as keyboards of East Asia type it, wide: the same letters (UAX 11)."""
LIGATURES = dict(enumerate(("ff", "fi", "fl", "ffi", "ffl", "st", "st"), start=0xFB00))
"""Latin letters that a PDF joins (Alphabetic Presentation Forms): copied, they look
like those that are typed."""


def typed(text: str) -> str:
    """Return a text that somebody typed or pasted, without what nobody sees in it.

    Letters are composed (NFC), each kind of space is a space. Joiners stay, which words
    of Hindi and Persian need, and so do OVERRIDES, to be refused.
    """
    seen = "".join(map(_seen, text)).strip(f" {JOINERS}")
    return unicodedata.normalize("NFC", seen)


def label(text: str) -> str:
    """Return a sample's label or a number in the one spelling of what looks like it.

    Digits of any script (Nd), full-width letters and ligatures are plain ones, dashes
    are hyphens, several spaces are one. What looks otherwise stays what it is: A² and
    A2 are two tubes, so are ½ and 1/2, which NFKC would make one.
    """
    joined = "".join(c for c in typed(text) if c not in JOINERS)
    plain = "".join(map(_spelt, joined.translate(FULL_WIDTH).translate(LIGATURES)))
    return " ".join(unicodedata.normalize("NFC", plain).split())


def same_name(text: str) -> str:
    """Return what two names have in common that look alike, whatever their case."""
    return label(text).casefold()


def passphrase_text(text: str) -> str:
    """Return a passphrase as every keyboard and system gives it.

    Letters are composed, each kind of space is a space, and nothing else is changed:
    the profile OpaqueString (RFC 8265). A Mac gives an é in two parts, a PC in one.
    """
    spaced = (" " if unicodedata.category(c) == "Zs" else c for c in text)
    return unicodedata.normalize("NFC", "".join(spaced))


def pin_digits(text: str) -> str:
    """Return a PIN as typed on any keyboard: plain digits, no spaces between them."""
    return label(text).replace(" ", "")


def _seen(c: str) -> str:
    kind = unicodedata.category(c)
    if c == "\t" or kind in {"Zs", "Zl", "Zp"}:
        return " "
    is_unseen = c in UNSEEN or (kind == "Cf" and c not in JOINERS)
    return "" if is_unseen and c not in OVERRIDES else c


def _spelt(c: str) -> str:
    digit = unicodedata.decimal(c, None)
    if digit is not None:
        return str(digit)
    return "-" if unicodedata.category(c) == "Pd" or c == "\u2212" else c


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
