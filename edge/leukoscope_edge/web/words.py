"""The texts that scripts show, in one language, as one object for the page."""

from leukoscope_edge.web.i18n import Language

TEXTS = {
    "again": "The device does not answer. Trying again ...",
    "locked": "The page locked. Sign in again.",
}


def words_for(language: Language) -> dict[str, str]:
    """Return the scripts' texts in a language."""
    return {key: language(text) for key, text in TEXTS.items()}
