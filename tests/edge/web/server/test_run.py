"""The page's process: what it opens, how it ends, and what it says of itself."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from tests.edge.web.stand_ins import StillCounter
from tests.waiting import PATIENCE_S

from leukoscope_edge.cli import say
from leukoscope_edge.live import Command, is_closed, open_again
from leukoscope_edge.profile import PageEntry
from leukoscope_edge.service import Pulse, run_folder
from leukoscope_edge.service.heartbeat import make_run_folder, read_beat
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.server.lifecycle import Lifecycle
from leukoscope_edge.web.server.listening import listening
from leukoscope_edge.web.server.run import (
    Kept,
    _certificate,
    _leave,
    _model,
    _now_and_then,
    _open_anew_when_asked,
    _opened,
    _serve,
    _servers,
)

NETWORK = PageEntry(address="192.168.4.1", name="leukoscope.local")


def test_what_outlives_an_opening_is_made_for_each_process() -> None:
    one, other = Kept(), Kept()
    assert one.sessions is not other.sessions
    assert one.lifecycle is not other.lifecycle
    assert one.update_session is not other.update_session


def test_a_stop_ends_in_order() -> None:
    with pytest.raises(SystemExit) as ended:
        _leave(15, None)
    assert ended.value.code == 0


def test_a_page_of_this_machine_alone_needs_no_certificate(
    device: Device, tmp_path: Path
) -> None:
    assert _certificate(device.profile, tmp_path) is None
    assert not (tmp_path / "tls").exists()
    own = replace(device.profile, page=NETWORK)
    made = _certificate(own, tmp_path)
    assert made is not None
    assert made.key.is_relative_to(tmp_path / "tls")


def test_where_no_model_was_installed_the_shipped_one_serves(device: Device) -> None:
    bundle, why_off = _model(device.profile, device.store)
    assert (bundle.card.id, why_off) == (device.bundle.card.id, None)


def test_an_open_models_files_stay_with_its_engine_alone(device: Device) -> None:
    bundle, _ = _model(device.profile, device.store)
    model = bundle.model
    with _opened(bundle) as (engine, bundle):
        n_held = sys.getrefcount(model) - sys.getrefcount(object())
        assert n_held == 1  # by our name for them
        assert bundle.model == b""
        assert len(engine.run(bundle.golden.crops[:1])) == 1


def test_figures_that_cost_a_look_are_asked_for_once_a_minute() -> None:
    asked: list[int] = []

    def facts() -> dict[str, Any]:
        asked.append(1)
        return {"n": len(asked)}

    current = _now_and_then(facts)
    assert [current(), current(), current()] == [{"n": 1}] * 3


@pytest.mark.parametrize("chore", [None, lambda: "done"], ids=["nothing", "a chore"])
def test_whoever_counts_leaves_before_everything_opens_anew(
    device: Device, chore: Any
) -> None:
    own = replace(device, lifecycle=Lifecycle(notice_s=0.0))
    make_run_folder(run_folder(own.store.folder))
    servers = _servers(Starlette(), PageEntry(port=0))
    opens_anew = _open_anew_when_asked(own, servers)
    assert not opens_anew.is_set()
    own.lifecycle.reopen(chore)
    assert opens_anew.wait(PATIENCE_S)
    counter = device.counter
    assert isinstance(counter, StillCounter)
    assert [o.do for o in counter.orders] == [Command.LEAVE]
    assert is_closed(own.store.folder) is (chore is not None)
    open_again(own.store.folder)


def test_a_page_on_a_network_has_a_server_for_the_screen_too() -> None:
    servers = _servers(Starlette(), NETWORK)
    assert [s.config.host for s in servers] == ["127.0.0.1", "192.168.4.1"]


@contextmanager
def served(tmp_path: Path) -> Iterator[tuple[list[Any], Any, Pulse]]:
    """Servers with a port of this machine, and a pulse."""
    make_run_folder(run_folder(tmp_path))
    page = PageEntry(port=0)
    with listening(page, lambda _: None, say) as port:
        yield _servers(Starlette(), page), port, Pulse(run_folder(tmp_path), "page")


def test_it_beats_while_it_serves(tmp_path: Path) -> None:
    with served(tmp_path) as (servers, port, pulse):

        def facts() -> dict[str, str]:
            servers[0].should_exit = True
            return {"trouble": "gone"}

        asyncio.run(_serve(servers, [port], pulse, facts))
    beat = read_beat(run_folder(tmp_path), "page")
    assert beat is not None
    assert beat.facts["trouble"] == "gone"


def test_a_page_of_trouble_ends_after_its_time(tmp_path: Path) -> None:
    with served(tmp_path) as (servers, port, pulse):
        asyncio.run(_serve(servers, [port], pulse, dict, 0.0))
        assert servers[0].should_exit
