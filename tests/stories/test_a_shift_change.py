"""A shift changes in the middle of a slide: who did what stands in the record.

One technician begins and locks, the next one reads, a supervisor signs and prints; no
session of who has gone can act.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest
from tests.edge.web.in_browser import PATIENCE_S, Serve, serve  # noqa: F401
from tests.edge.web.over_http import Person
from tests.edge.web.stand_ins import NAME, PIN, QUICK

from leukoscope_edge.accounts import People, Role
from leukoscope_edge.records.slides import SlideState
from leukoscope_edge.web.device import Device

pytestmark = pytest.mark.slow
SOURCE = "simulated:seed=3,cells=3,blasts=0.4,jerks=0"
EARLY, LATE = "Olu", "Marie"
PINS = {EARLY: "739105", LATE: "580316", NAME: PIN}


@contextmanager
def at_work(
    url: str, device: Device, name: str
) -> Iterator[tuple[Person, httpx.Client]]:
    """Sign somebody in at the device's screen."""
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
        yield Person(client, device.store.folder, name, PINS[name]), client


def copy_of(client: httpx.Client) -> httpx.Client:
    """Return a session that somebody took from a screen: its cookie and its token."""
    return httpx.Client(
        base_url=client.base_url,
        cookies=dict(client.cookies),
        headers={"x-leukoscope-token": client.headers["x-leukoscope-token"]},
        timeout=PATIENCE_S,
    )


def test_three_people_bring_one_slide_to_its_report(
    device: Device,
    serve: Serve,  # noqa: F811
) -> None:
    people = People(device.store.folder / "people", hasher=QUICK)
    people.add_first(NAME, PIN)
    for name in (EARLY, LATE):
        people.add(name, Role.OPERATOR, PINS[name])
    url = serve(source=SOURCE)
    with at_work(url, device, EARLY) as (early, client):
        slide = early.count("S-1")
        taken = copy_of(client)
        assert taken.get(f"/slides/{slide}/review").is_success
        client.post("/api/sign-out", json={})
    with closing(taken):
        cell = device.store.reader.slide(slide).cells[0].id
        body = {"cell": cell, "word": "blast", "kind": "", "key": "k" * 8, "seen": 0}
        for path, asked in (
            (f"/api/slides/{slide}/judge", body),
            (f"/api/slides/{slide}/orders", {"do": "count", "anyway": True}),
            (
                f"/api/slides/{slide}/sign",
                {"pin": PINS[EARLY], "shown": "", "key": "k"},
            ),
        ):
            assert taken.post(path, json=asked).status_code in (401, 403), path
        assert "sign-in" in str(taken.get(f"/slides/{slide}/review").headers)
    with at_work(url, device, LATE) as (late, client):
        late.read(slide)
        client.post("/api/sign-out", json={})
    with at_work(url, device, NAME) as (chief, _):
        chief.sign(slide)
    [report] = device.store.reports(slide)
    assert report.read_bytes().startswith(b"%PDF")
    record = device.store.reader.slide(slide)
    assert record.state is SlideState.SIGNED
    assert (record.by, record.readers) == (EARLY, (LATE,))
    assert [s.by for s in record.signatures] == [NAME]
    done = {(e.kind, e.by) for e in device.store.reader.events(slide)}
    assert {
        ("start", EARLY),
        ("finish", EARLY),
        ("judge", LATE),
        ("sign", NAME),
    } <= done
    assert {by for kind, by in done if kind == "judge"} == {LATE}
    assert device.store.verify_audit() == []
