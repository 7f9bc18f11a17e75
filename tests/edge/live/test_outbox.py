"""News on its way to the page: the newest alone, encoded beside the count."""

import json
import subprocess
import sys
from typing import Any

import pytest
from tests.waiting import PATIENCE_S

from leukoscope_edge.live.outbox import SENDER_NICENESS

CODE = """
import json, os, threading
import numpy as np
from leukoscope_edge.live.commands import Mode, News
from leukoscope_edge.live.outbox import Draft, Outbox
from leukoscope_edge.records.pictures import from_png

class Line:
    def __init__(self):
        self.sent, self.begun, self.gate = [], threading.Semaphore(0), threading.Event()

    def send(self, news):
        self.sent.append(news)
        self.begun.release()
        self.gate.wait()

def draft(number, level=None):
    pixels = None if level is None else np.full((8, 8, 3), level, np.uint8)
    news = News(mode=Mode.COUNTING, slide="0001", facts={"seq": number})
    return Draft(news=news, pixels=pixels)

line = Line()
box = Outbox(line)
box.put(draft(1, 90))
line.begun.acquire()
for number in (2, 3, 4):
    box.put(draft(number))
line.gate.set()
line.begun.acquire()
(sender,) = [t for t in threading.enumerate() if t.name == "news"]
print(json.dumps({
    "sent": [news.facts["seq"] for news in line.sent],
    "level": int(from_png(line.sent[0].jpeg)[4, 4, 0]),
    "n_bytes": len(line.sent[1].jpeg),
    "niceness": os.getpriority(os.PRIO_PROCESS, sender.native_id),
    "own": os.getpriority(os.PRIO_PROCESS, threading.get_native_id()),
}), flush=True)
os._exit(0)
"""


def told(niceness: int) -> dict[str, Any]:
    command = ["nice", "-n", str(niceness), sys.executable, "-c", CODE]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=PATIENCE_S)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_was_not_sent_yet_gives_way_to_the_newest() -> None:
    found = told(0)
    assert found["sent"] == [1, 4]
    assert abs(found["level"] - 90) <= 2
    assert found["n_bytes"] == 0  # there is no picture, so none is encoded


@pytest.mark.parametrize("niceness", [0, 19])
def test_sending_yields_to_the_count_and_takes_back_no_niceness(niceness: int) -> None:
    found = told(niceness)
    assert found["niceness"] == max(found["own"], SENDER_NICENESS)
