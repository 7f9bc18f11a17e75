"""The page's languages: gettext catalogues, read as translators write them.

The device ships `.po` files and reads them itself; nothing is compiled, so a clinic
can correct a word with a text editor. Only what the catalogues use is understood:
`msgid`, `msgstr`, strings over several lines, comments. A word that a catalogue does
not have is shown in English.

The machine speaks English, and so the records keep it. A catalogue's msgid with
figures in braces ("only {k} usable cells were seen, at least {n} are needed") is a
pattern: a sentence of the machine is recognised by it, and what stands in the braces
is carried over. Some braces hold words, which are recognised in their turn. So old
records are read in every language, and a correction of a catalogue reaches them too.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.messages import TEMPLATES, Message, Say, message

SOURCE_LANGUAGE = "en"

DIRECTIONS = ("ltr", "rtl")
Pattern = tuple[re.Pattern[str], str]
HOLDS = re.compile(r"{(\w+)}")
"""What a translator may move, and must keep."""
NUMBER = r"-?\d+(?:\.\d+)?"
_PERCENT = re.compile(r"(?<=\d) %(?![^<>]*>)")
"""After a figure, and not inside of a tag."""
FIGURES = frozenset(("k", "m", "n", "p", "x", "y", "low", "high", "background"))
"""Names of braces that hold a number; all others hold words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language of the page.

    Attributes:
        code: ISO 639-1.
        name: What its speakers call it.
        direction: `rtl` or `ltr`, for the page's `dir`.
        words: From the English text to this language's.
        patterns: Of those with braces: what recognises them, and the translation.
    """

    code: str
    name: str
    direction: str = "ltr"
    words: Mapping[str, str] = field(default_factory=dict)
    patterns: tuple[Pattern, ...] = ()

    def __call__(self, text: str) -> str:
        """Return a text in this language, or in English where it has none."""
        return self.words.get(text) or self._recognised(text) or text

    def _recognised(self, text: str) -> str:
        for pattern, translation in self.patterns:
            if found := pattern.fullmatch(text):
                held = {k: self._held(k, v) for k, v in found.groupdict().items()}
                return translation.format(**held)
        return ""

    def _held(self, name: str, text: str) -> str:
        return text if name in FIGURES else self(text)


ENGLISH = Language(code=SOURCE_LANGUAGE, name="English")


def unbroken(text: str) -> str:
    """Return a text, or a page of HTML, in which no line ends between figure and "%".

    In every language of the page; texts that programs read do not come here.
    """
    return _PERCENT.sub("\N{NO-BREAK SPACE}%", text)


def direction_of(say: Say) -> str:
    """Return `rtl` or `ltr` for what says things; `str` says them in English."""
    return say.direction if isinstance(say, Language) else ENGLISH.direction


def language_codes() -> tuple[str, ...]:
    """Return the code of every language, English first: a language is one file."""
    return (SOURCE_LANGUAGE, *sorted(p.stem for p in _folder().glob("*.po")))


@cache
def languages() -> Mapping[str, Language]:
    """Return all languages by code, English first; their files are read once."""
    return {SOURCE_LANGUAGE: ENGLISH} | {
        code: language_of(code, (_folder() / f"{code}.po").read_text("utf-8"))
        for code in language_codes()[1:]
    }


def _folder() -> Path:
    return Path(str(resources.files("leukoscope_edge"))) / "languages"


def language_of(code: str, catalogue: str) -> Language:
    """Return a language from the text of its catalogue.

    Raises:
        ConfigError: A line is none of a catalogue, or its head lacks the name or the
            direction.
    """
    where = f"{code}.po"
    words = parse_po(catalogue, where=where)
    head = _head(words.pop("", ""), where)
    held = sorted((w for w in words if HOLDS.search(w)), key=_n_fixed, reverse=True)
    patterns = tuple((_pattern(w), words[w]) for w in held)
    return Language(
        code=code,
        name=head["X-Name"],
        direction=head["X-Direction"],
        words=words,
        patterns=patterns,
    )


def _head(text: str, where: str) -> dict[str, str]:
    """Read the entry of the empty msgid, as gettext has it: a line a field."""
    lines = (line.partition(":") for line in text.splitlines())
    head = {name.strip(): value.strip() for name, _, value in lines}
    if not head.get("X-Name") or head.get("X-Direction") not in DIRECTIONS:
        raise ConfigError(
            f"{where}: its head must have X-Name, the language's own name, and "
            "X-Direction, ltr or rtl"
        )
    return head


def message_in(text: str, id_: str) -> Message | None:
    """Return a sentence of an older record as a message, None where it is another.

    Args:
        text: English, as a program wrote it that kept no messages.
        id_: Of the message that it may be.
    """
    found = _pattern(TEMPLATES[id_]).fullmatch(text)
    return message(id_, **found.groupdict()) if found else None


def _n_fixed(msgid: str) -> int:
    """Return how much of a pattern is fixed: the most telling is tried first."""
    return len(HOLDS.sub("", msgid))


def _pattern(msgid: str) -> re.Pattern[str]:
    """Return what recognises the English text of a msgid with braces."""
    parts = HOLDS.split(msgid)
    fixed, names = parts[::2], parts[1::2]
    held = [_group(n, is_again=n in names[:at]) for at, n in enumerate(names)]
    whole = zip(map(re.escape, fixed), [*held, ""], strict=True)
    return re.compile("".join(f + h for f, h in whole))


def _group(name: str, *, is_again: bool) -> str:
    if is_again:
        return f"(?P={name})"
    return f"(?P<{name}>{NUMBER if name in FIGURES else '.+?'})"


def choose(wanted: str, accepted: str) -> str:
    """Return the language for a browser.

    Args:
        wanted: What the person chose, empty where they did not.
        accepted: The Accept-Language header; its order is taken as the preference.
    """
    listed = [wanted, *(p.split(";")[0].strip()[:2] for p in accepted.split(","))]
    known = language_codes()
    return next((c for c in listed if c in known), SOURCE_LANGUAGE)


def parse_po(text: str, *, where: str) -> dict[str, str]:
    """Read a catalogue.

    Args:
        text: The file.
        where: Its name, for the message.

    Returns:
        From msgid to msgstr; those without a translation are left out. The head is
        that of the empty msgid.

    Raises:
        ConfigError: A line is none of a catalogue.
    """
    words: dict[str, str] = {}
    parts = {"msgid": "", "msgstr": ""}
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        keyword, _, rest = line.partition(" ")
        if keyword == "msgid":
            _keep(words, parts)
            parts = {"msgid": "", "msgstr": ""}
        if keyword in parts:
            current, line = keyword, rest.strip()
        if not current:
            raise ConfigError(f"{where}, line {number}: expected msgid, got {line!r}")
        parts[current] += _string(line, f"{where}, line {number}")
    _keep(words, parts)
    return words


def _keep(words: dict[str, str], parts: dict[str, str]) -> None:
    if parts["msgstr"]:
        words[parts["msgid"]] = parts["msgstr"]


def _string(quoted: str, where: str) -> str:
    """Return what stands in double quotes; C's escapes are a subset of Python's."""
    try:
        value = ast.literal_eval(quoted) if quoted[:1] == '"' else None
    except (SyntaxError, ValueError):
        value = None
    if not isinstance(value, str):
        raise ConfigError(f"{where}: expected a string in quotes, got {quoted!r}")
    return value


def local_time(at: str) -> str:
    """Return a time in the zone that the machine is set to, such as +01:00.

    Args:
        at: ISO 8601 with its zone, as the records keep it.
    """
    time = datetime.fromisoformat(at).astimezone()
    return f"{time:%Y-%m-%d %H:%M} {zone_of(time)}"


def zone_of(time: datetime) -> str:
    """Return the zone of a time that has one, such as UTC+01:00."""
    zone = time.strftime("%z")
    return f"UTC{zone[:3]}:{zone[3:]}"
