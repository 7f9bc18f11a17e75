import re

import pytest

from leukoscope_edge.updates.codes import UNCHANGED, Code, refused

PLANNED = {f"U{n:02}" for n in range(1, 19)} | {"S01", "W01"}


def test_every_code_is_there_once() -> None:
    ids = [code.id for code in Code]
    assert len(set(ids)) == len(ids)
    assert set(ids) == PLANNED


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.id)
def test_each_has_a_cause_and_one_next_step_in_plain_words(code: Code) -> None:
    assert re.fullmatch(r"[a-z][^.!?]*", code.cause.said())
    assert re.fullmatch(r"[A-Z].*\.", code.next_step.said())
    assert len(code.cause.said()) <= 80
    assert len(code.next_step.said()) <= 100
    jargon = r"\b(TUF|sha256|metadata|snapshot|timestamp|exception|threshold|hash)\b"
    assert not re.search(
        jargon, f"{code.cause.said()} {code.next_step.said()}", re.IGNORECASE
    )


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.id)
def test_the_line_shows_code_cause_detail_and_next_step(code: Code) -> None:
    line = str(refused(code, "the detail"))
    assert line.startswith(f"{code.id}: {code.cause.said()}: the detail. ")
    assert line.endswith(code.next_step.said())
    assert "\n" not in line
    assert (UNCHANGED.said() in line) == code.id.startswith("U")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (Code.NO_UPDATE, "LEUKOSCOPE-UPDATE"),
        (Code.INCOMPLETE, "Copy the whole"),
        (Code.DAMAGED, "another stick"),
        (Code.FOREIGN, "report it"),
        (Code.OLDER, "newest"),
        (Code.SAME, "Nothing needs"),
        (Code.KEY_GAP, "full update"),
        (Code.NO_SPACE, "erase"),
        (Code.DEVICE_DISK, "service"),
        (Code.UNSUITED, "software"),
        (Code.SELF_TEST, "present one"),
        (Code.CUT_SHORT, "present one"),
        (Code.WITHDRAWN, "newest"),
        (Code.PULLED, "Put it back"),
        (Code.NO_TRUST, "leukoscope model trust"),
        (Code.BUSY, "Wait"),
        (Code.NOT_ACCEPTED, "supervisor"),
        (Code.NOTHING_BEFORE, "another update"),
        (Code.NO_MODEL, "rollback"),
        (Code.CLOCK, "Set date and time"),
    ],
)
def test_the_next_step_says_what_to_do(code: Code, words: str) -> None:
    assert words in code.next_step.said()
