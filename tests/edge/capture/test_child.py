"""A child process that answers, and one that does not: each a real process."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.waiting import PATIENCE_S

from leukoscope_edge.capture.child import LENGTHS, Child
from leukoscope_edge.errors import SourceError

ECHO = """
from leukoscope_edge.capture.child import Answers
answers = Answers()
for question in answers.questions():
    print("a library's words, which go elsewhere")
    answers.send(question | {"is_answer": True}, bytes(question["n"]))
"""
RAW = "import sys; sys.stdin.buffer.read({read}); sys.stdout.buffer.write({write!r})"


def child(code: str) -> Child:
    return Child([sys.executable, "-c", code])


def answering(data: bytes) -> Child:
    """A child that says these bytes to whatever it is asked, and ends."""
    return child(RAW.format(read=LENGTHS.size, write=data))


def test_questions_are_answered_in_turn_with_a_header_and_bytes() -> None:
    asked = child(ECHO)
    try:
        for n in (0, 3, 100_000):
            answer = asked.ask({"n": n}, timeout_s=PATIENCE_S)
            assert answer.header == {"n": n, "is_answer": True}
            assert answer.payload == bytes(n)
    finally:
        asked.close()


def test_a_program_that_is_not_there_cannot_be_started() -> None:
    with pytest.raises(SourceError, match="/nowhere/driver: cannot be started"):
        Child(["/nowhere/driver"])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it ended"),
        (LENGTHS.pack(2, 5) + b"{}abc", "it ended"),
        (LENGTHS.pack(2, 0) + b"[]", "it answered list, expected fields"),
        (LENGTHS.pack(1 << 20, 0), "it announced 1048576"),
        (LENGTHS.pack(2, 1 << 40), "it announced 2"),
        (LENGTHS.pack(3, 0) + b"{a}", "gave no answer"),
    ],
)
def test_what_is_no_whole_answer_is_a_fault_and_the_child_is_dead(
    data: bytes, reason: str
) -> None:
    asked = answering(data)
    with pytest.raises(SourceError, match=reason):
        asked.ask({}, timeout_s=PATIENCE_S)
    with pytest.raises(ProcessLookupError):
        os.kill(asked.pid, 0)


def test_a_child_that_says_nothing_is_cut_off() -> None:
    asked = child("import time; time.sleep(600)")
    with pytest.raises(SourceError, match="it took too long"):
        asked.ask({}, timeout_s=0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(asked.pid, 0)


def test_closing_ends_a_child_that_listens() -> None:
    asked = child(ECHO)
    asked.ask({"n": 0}, timeout_s=PATIENCE_S)
    asked.close()
    with pytest.raises(ProcessLookupError):
        os.kill(asked.pid, 0)


def test_a_child_whose_asker_is_gone_ends_in_silence() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    question = LENGTHS.pack(9, 0) + b'{"n": 99}'
    done = subprocess.run(
        [sys.executable, "-c", ECHO], input=question, stdout=writes, stderr=-1
    )
    os.close(writes)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_one_that_is_ended_by_another_thread_is_told_to_whoever_waits() -> None:
    silent = child("import time; time.sleep(9999)")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(silent.ask, {}, timeout_s=9999)
        silent.hang_up()
        with pytest.raises(SourceError, match=r"it ended|Broken pipe"):
            asked.result(PATIENCE_S)
    silent.kill()
