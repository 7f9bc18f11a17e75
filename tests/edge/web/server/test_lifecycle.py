"""The server ends once pages have heard of it; a chore is done while all is closed."""

import errno
import os
import threading

import pytest
from tests.waiting import PATIENCE_S

from leukoscope_edge.errors import RecordError
from leukoscope_edge.messages import Message
from leukoscope_edge.web.server.lifecycle import Lifecycle


def test_a_server_that_begins_is_not_ending() -> None:
    lifecycle = Lifecycle(notice_s=0.0)
    lifecycle.reopen()
    assert lifecycle.is_ending
    lifecycle.serve(lambda: None)
    assert not lifecycle.is_ending


def test_the_server_that_serves_now_is_ended_and_no_earlier_one() -> None:
    lifecycle, ended = Lifecycle(notice_s=0.0), threading.Event()
    earlier: list[str] = []
    lifecycle.serve(lambda: earlier.append("ended"))
    lifecycle.serve(ended.set)
    lifecycle.reopen()
    assert ended.wait(PATIENCE_S)
    assert earlier == []


def test_without_a_chore_nothing_is_done_and_nothing_said() -> None:
    lifecycle, told = Lifecycle(notice_s=0.0), []
    lifecycle.reopen(notice=told.append)
    lifecycle.do_after()
    assert told == []


def test_a_chore_is_done_once_and_what_came_of_it_said() -> None:
    lifecycle, told = Lifecycle(notice_s=0.0), []
    lifecycle.reopen(lambda: "put back", told.append)
    assert told == []
    lifecycle.do_after()
    lifecycle.do_after()
    assert told == ["put back"]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (RecordError("not whole"), "not whole"),
        (OSError(errno.EACCES, os.strerror(errno.EACCES), "/x"), "Permission denied"),
    ],
)
def test_a_chore_that_fails_says_why(error: Exception, why: str) -> None:
    def fail() -> str:
        raise error

    lifecycle, told, troubles = Lifecycle(notice_s=0.0), [], []
    lifecycle.reopen(fail, told.append, troubles.append)
    lifecycle.do_after()
    assert told == []
    [said] = troubles
    assert why in (said.said() if isinstance(said, Message) else said)
