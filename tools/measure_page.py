"""Measure the page: the gallery's opening, the live latency, what viewers cost.

    python tools/measure_page.py [--profile PROFILE.toml]

Prints JSON. The gallery is opened in Chromium; the live picture is watched by 0, 1 and
5 viewers in turns, each drawing nothing, while the simulated slide is counted at ten
frames a second, or as a profile says. Latency runs from the camera's frame to its
arrival with its boxes.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright
from websockets.sync.client import connect

from leukoscope_edge.inference import open_bundle, shipped_bundle_for
from leukoscope_edge.isolated import command_of
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.records import open_store
from leukoscope_edge.types import Tally
from leukoscope_train.evaluation import noise_cell, noise_set_up

NAME, PIN = "Measure", "482917"
PORT = 8765
URL = f"http://127.0.0.1:{PORT}"
VIEW_SIDE_PX = 96
START_TIMEOUT_S = 60.0
N_ROUNDS = 2
ARE_SEEN = """() => [...document.querySelectorAll(".cell")]
  .filter((cell) => cell.getBoundingClientRect().top < innerHeight)
  .every((cell) => cell.querySelector("img").naturalWidth)"""
"""Asks cells where they are, not their pictures: that would lay out all 500, which the
page leaves until they are scrolled near (`content-visibility`)."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--profile", type=Path, help="of the device")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        slide = fill(Path(folder), options.cells)
        with serve(Path(folder), options.profile), httpx.Client(base_url=URL) as client:
            sign_in(client)
            cookie = f"leukoscope_session={client.cookies['leukoscope_session']}"
            gallery_s = open_gallery(client, slide)
            live = watch(client, cookie, options.seconds)
    print(json.dumps({"gallery_s": gallery_s, "live": live}, indent=1))


def fill(folder: Path, n_cells: int) -> str:
    """Put a counted slide into the records, all of its first look judged."""
    bundle = open_bundle(shipped_bundle_for("simulated"))
    side_px = bundle.card.input.side_px
    set_up = noise_set_up("S-1")
    origin = replace(set_up.origin, bundle=bundle.card.id)
    set_up = replace(set_up, origin=origin)
    with open_store(folder) as store:
        slide = store.start_slide(set_up, NAME)
        cells = [
            noise_cell(i, side_px=side_px, view_px=VIEW_SIDE_PX)
            for i in range(1, n_cells + 1)
        ]
        store.count.add_cells(slide, cells, frames={})
        outcome = Refusal(reason=message("test"))
        store.count.finish_count(slide, outcome, NAME, tally=Tally())
    return slide


@contextmanager
def serve(folder: Path, profile: Path | None) -> Iterator[None]:
    """Run the device on its own records."""
    command = [*command_of("leukoscope_edge", "serve", "--port", str(PORT))]
    if profile is not None:
        command += ["--profile", str(profile)]
    process = subprocess.Popen([*command, "--data", str(folder)])  # noqa: S603
    try:
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            try:
                httpx.get(f"{URL}/sign-in")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def post(client: httpx.Client, path: str, body: Mapping[str, object]) -> None:
    """Post as the page does."""
    text = client.get("/set-up", follow_redirects=True).text
    token = text.split('name="token" content="')[1][:64]
    answer = client.post(path, json=body, headers={"x-leukoscope-token": token})
    answer.raise_for_status()


def sign_in(client: httpx.Client) -> None:
    """Set the device up."""
    post(client, "/api/set-up", {"name": NAME, "pin": PIN})


def open_gallery(client: httpx.Client, slide: str) -> float:
    """Return the seconds from the click to the last visible picture; best of three."""
    for _ in range(1, 1000):
        body: dict[str, object] = {"word": "normal", "seen": 0}
        text = client.get(f"/slides/{slide}/review").text
        if 'data-pass="open"' in text:
            break
        cells = [p.split('"')[0] for p in text.split('data-cell="')[1:]]
        for shown in cells:
            body |= {"cell": shown, "key": f"key-{shown:0>8}"}
            post(client, f"/api/slides/{slide}/judge", body)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        context = browser.new_context(viewport={"width": 1024, "height": 600})
        context.add_cookies(
            [
                {
                    "name": "leukoscope_session",
                    "value": client.cookies["leukoscope_session"],
                    "url": URL,
                }
            ]
        )
        page = context.new_page()
        page.goto(URL)
        times = []
        for _ in range(3):
            start = time.monotonic()
            page.goto(f"{URL}/slides/{slide}/review", wait_until="load")
            page.wait_for_function(ARE_SEEN)
            times.append(time.monotonic() - start)
        browser.close()
    return round(min(times), 3)


def watch(client: httpx.Client, cookie: str, seconds: float) -> list[dict[str, float]]:
    """Return the count's speed and the latencies with 0, 1 and 5 viewers, by turns."""
    body: dict[str, object] = {
        "sample": "S-2",
        "sample_type": "blood",
        "age": "adult",
        "key": "key-measure-1",
    }
    post(client, "/api/slides", body)
    post(client, "/api/slides/0002/orders", {"do": "count", "anyway": True})
    headers = {"Cookie": cookie}
    with connect(f"ws://127.0.0.1:{PORT}/live", additional_headers=headers) as socket:
        wait_for_count(socket)
    rows = []
    for _ in range(N_ROUNDS):
        for n_viewers in (0, 1, 5):
            rows.append(measure(headers, n_viewers, seconds))
    return rows


def wait_for_count(socket: object) -> None:
    """Wait until the count runs."""
    while facts_of(socket)["mode"] != "counting":
        pass


def facts_of(socket: object) -> dict[str, object]:
    """Return the facts of the next message and ask for another."""
    message = socket.recv()  # type: ignore[attr-defined]
    length = int.from_bytes(message[:4], "big")
    facts: dict[str, object] = json.loads(message[4 : 4 + length])
    socket.send("drawn")  # type: ignore[attr-defined]
    return facts


def measure(headers: dict[str, str], n: int, seconds: float) -> dict[str, float]:
    """Watch with n viewers; the count's own frame number tells its speed."""
    latencies: list[float] = []
    first = still(headers)
    start = time.monotonic()
    viewers = [
        threading.Thread(target=view, args=(headers, seconds, latencies))
        for _ in range(n)
    ]
    for viewer in viewers:
        viewer.start()
    time.sleep(seconds)
    for viewer in viewers:
        viewer.join()
    counted = (still(headers) - first) / (time.monotonic() - start)
    row = {"viewers": n, "frames_per_second": round(counted, 2)}
    if latencies:
        row["latency_ms_median"] = round(1000 * statistics.median(latencies), 1)
        row["latency_ms_p95"] = round(1000 * statistics.quantiles(latencies, n=20)[-1])
    return row


def still(headers: dict[str, str]) -> int:
    """Return the number of the newest frame."""
    with connect(f"ws://127.0.0.1:{PORT}/live", additional_headers=headers) as socket:
        return int(str(facts_of(socket)["seq"]))


def view(headers: dict[str, str], seconds: float, latencies: list[float]) -> None:
    """Watch for some seconds."""
    end = time.monotonic() + seconds
    with connect(f"ws://127.0.0.1:{PORT}/live", additional_headers=headers) as socket:
        facts_of(socket)
        while time.monotonic() < end:
            facts = facts_of(socket)
            latencies.append(time.time() - float(str(facts["at_unix_s"])))


if __name__ == "__main__":
    main()
