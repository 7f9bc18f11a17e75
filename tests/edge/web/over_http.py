"""People at the API of a running device, as its own pages call it: no browser."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.edge.web.stand_ins import FACTS
from tests.waiting import PATIENCE_S, wait_for

from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import read_beat


class Person:
    """Somebody who is signed in, and counts, reads and signs without a screen."""

    def __init__(self, client: httpx.Client, data: Path, name: str, pin: str) -> None:
        """Sign in.

        Args:
            client: Of the device's address.
            data: Folder of its records.
            name: Who it is.
            pin: Of this person.
        """
        self._client, self._data, self.name, self._pin = client, data, name, pin
        self._n_asked = 0
        self._take_token()
        self.post("/api/sign-in", {"name": name, "pin": pin})
        self._take_token()

    def _take_token(self) -> None:
        """Keep the token that this session's pages send with every change."""
        text = self._client.get("/sign-in", follow_redirects=True).text
        token = text.split('name="token" content="')[1].split('"')[0]
        self._client.headers["x-leukoscope-token"] = token

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask for something; return the answer."""
        answer = self._client.post(path, json=body)
        assert answer.is_success, (path, answer.status_code, answer.text)
        return dict(answer.json())

    def key(self) -> str:
        """Return a key that was not used before."""
        self._n_asked += 1
        return f"{self.name}-{self._n_asked:08}"

    def count(self, sample: str, **facts: Any) -> str:
        """Count a slide to the end of what the camera shows; return its number."""
        body = FACTS | {"sample": sample, "key": self.key()} | facts
        slide = str(self.post("/api/slides", body)["next"]).split("/")[2]
        orders = f"/api/slides/{slide}/orders"
        wait_for(lambda: self._is_taken(orders))
        self._until("ended")
        self.post(orders, {"do": "finish"})
        self._until("finished")
        return slide

    def _is_taken(self, orders: str) -> bool:
        """Order the count; the page may still have the end of the last one to hear."""
        answer = self._client.post(orders, json={"do": "count", "anyway": True})
        return answer.is_success

    def _until(self, mode: str) -> None:
        def is_so() -> bool:
            beat = read_beat(run_folder(self._data), "count")
            return beat is not None and beat.facts.get("mode") == mode

        wait_for(is_so)

    def judge(
        self, slide: str, cells: Iterable[str], word: str, kind: str = ""
    ) -> None:
        """Call cells."""
        for cell in cells:
            body = {"cell": cell, "word": word, "kind": kind, "key": self.key()}
            self.post(f"/api/slides/{slide}/judge", body | {"seen": 0})

    def read(self, slide: str, word: str = "normal", kind: str = "") -> None:
        """Call every cell of one's first look alike."""
        page = self._client.get(f"/slides/{slide}/review").text
        cells = [w.split('"')[0] for w in page.split('data-cell="')[1:]]
        self.judge(slide, cells, word, kind)

    def sign(self, slide: str) -> None:
        """Sign what the result's screen shows."""
        result = self._client.get(f"/slides/{slide}/result").text
        shown = result.split('name="shown" value="')[1].split('"')[0]
        body = {"pin": self._pin, "shown": shown, "key": self.key()}
        self.post(f"/api/slides/{slide}/sign", body)


@contextmanager
def at_the_api(url: str, data: Path, name: str, pin: str) -> Iterator[Person]:
    """Sign somebody in at a running device."""
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
        yield Person(client, data, name, pin)
