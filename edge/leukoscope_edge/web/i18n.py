"""The page's languages: gettext catalogues, read as translators write them.

The device ships `.po` files and reads them itself; nothing is compiled, so a clinic
can correct a word with a text editor. Only what the catalogues use is understood:
`msgid`, `msgstr`, strings over several lines, comments. A word that a catalogue does
not have is shown in English.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from leukoscope_edge.errors import ConfigError

SOURCE_LANGUAGE = "en"
NAMES = {
    "en": "English",
    "fr": "Français",
    "es": "Español",
    "hi": "हिन्दी",
    "ar": "العربية",
}
RIGHT_TO_LEFT = frozenset({"ar"})

Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language of the page.

    Attributes:
        code: ISO 639-1.
        words: From the English text to this language's.
    """

    code: str
    words: Mapping[str, str]

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`, for the page's `dir`."""
        return "rtl" if self.code in RIGHT_TO_LEFT else "ltr"

    def __call__(self, text: str) -> str:
        """Return a text in this language, or in English where it has none."""
        return self.words.get(text) or text


def languages() -> dict[str, Language]:
    """Return all languages by code, English first."""
    root = Path(str(resources.files("leukoscope_edge"))) / "web" / "languages"
    return {
        code: Language(
            code=code,
            words=parse_po((root / f"{code}.po").read_text("utf-8"), where=f"{code}.po")
            if code != SOURCE_LANGUAGE
            else {},
        )
        for code in NAMES
    }


def choose(wanted: str, accepted: str) -> str:
    """Return the language for a browser.

    Args:
        wanted: What the person chose, empty where they did not.
        accepted: The Accept-Language header; its order is taken as the preference.
    """
    listed = [wanted, *(p.split(";")[0].strip()[:2] for p in accepted.split(","))]
    return next((c for c in listed if c in NAMES), SOURCE_LANGUAGE)


def parse_po(text: str, *, where: str) -> dict[str, str]:
    """Read a catalogue.

    Args:
        text: The file.
        where: Its name, for the message.

    Returns:
        From msgid to msgstr; those without a translation are left out.

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
    if parts["msgid"] and parts["msgstr"]:
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
