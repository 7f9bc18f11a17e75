"""The line to the counting process: one real process, and callers that come and go."""

import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from tests.waiting import PATIENCE_S

from leukoscope_edge.live import Command, Mode, News, Order
from leukoscope_edge.live.channel import call

COUNT = """
import sys
from pathlib import Path
from leukoscope_edge.live.channel import Channel
from leukoscope_edge.live.commands import Command, Mode, News
line = Channel(Path(sys.argv[1]))
assert line.take(0) is None
line.send(News(mode=Mode.IDLE, slide="", facts={"seq": 0}))
print("ready", flush=True)
while (order := line.take(600.0)) is not None and order.do is not Command.LEAVE:
    facts = {"do": order.do.value, "by": order.by}
    line.send(News(mode=Mode.COUNTING, slide=order.slide, facts=facts, jpeg=b"jpeg"))
"""


@pytest.fixture
def counting(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    (tmp_path / "line").touch()  # of an earlier process
    command = [sys.executable, "-c", COUNT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def heard(line: Connection) -> News:
    assert line.poll(PATIENCE_S)
    return News.from_message(line.recv_bytes())


def test_where_nobody_counts_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        call(tmp_path)


@pytest.mark.usefixtures("counting")
def test_who_calls_hears_the_last_news_and_then_what_his_orders_do(
    tmp_path: Path,
) -> None:
    with call(tmp_path) as line:
        assert heard(line).facts == {"seq": 0}
        line.send_bytes(Order(do=Command.COUNT, slide="0007", by="Amina").message())
        news = heard(line)
        assert (news.mode, news.slide, news.jpeg) == (Mode.COUNTING, "0007", b"jpeg")
        assert news.facts == {"do": "count", "by": "Amina"}
    with call(tmp_path) as line:  # a page that comes back
        assert heard(line).facts == {"do": "count", "by": "Amina"}


@pytest.mark.usefixtures("counting")
def test_the_last_caller_counts_and_the_one_before_is_hung_up_on(
    tmp_path: Path,
) -> None:
    with call(tmp_path) as first, call(tmp_path) as second:
        heard(second)
        heard(first)
        assert first.poll(PATIENCE_S)
        with pytest.raises((EOFError, OSError)):
            first.recv_bytes()
        second.send_bytes(Order(do=Command.PAUSE, slide="0007").message())
        assert heard(second).facts["do"] == "pause"


def test_a_caller_that_goes_ends_no_count(
    tmp_path: Path, counting: "subprocess.Popen[bytes]"
) -> None:
    for _ in range(3):
        call(tmp_path).close()
    with call(tmp_path) as line:
        heard(line)
        line.send_bytes(Order(do=Command.LEAVE).message())
        assert counting.wait(PATIENCE_S) == 0
