"""What is said of a picture: what to do, behind its name, in one piece."""

import pytest

from leukoscope_edge.i18n import FIGURES, HOLDS, languages
from leukoscope_edge.messages import message
from leukoscope_edge.messages.pictures import PICTURES

OF_A_FILE = {
    i: t for i, t in PICTURES.items() if i.startswith(("file-", "folder-", "video-"))
}
NOT_CURED = {"file-has-bytes", "file-says"}
"""What is too long by far, and what the kernel says."""


def test_what_is_said_of_a_file_stands_behind_its_name() -> None:
    starts = ("is ", "has ", "holds ", "keeps ", "cannot be ", "needs ")
    behind = {i: t for i, t in OF_A_FILE.items() if i not in ("video-undecoded",)}
    assert len(behind) > 20
    for id_, text in behind.items():
        assert text.startswith((*starts, "{n} frames could not be read")), id_
        assert not text.endswith("."), id_


def test_whoever_reads_it_hears_what_to_do() -> None:
    for id_, text in PICTURES.items():
        is_why = id_.startswith("damage-") or id_ == "frame-damaged"
        if not is_why and id_ not in NOT_CURED:
            _, _, cure = text.partition(": ")
            assert len(cure.split()) > 1, id_


@pytest.mark.parametrize("code", [c for c in languages() if c != "en"])
def test_its_english_in_an_older_result_is_read_in_the_language(code: str) -> None:
    language = languages()[code]
    for id_, text in PICTURES.items():
        held = {k: "12" if k in FIGURES else "so" for k in HOLDS.findall(text)}
        told = message(id_, **held)
        assert language(told.said()) == told.said(language) != told.said(), id_
