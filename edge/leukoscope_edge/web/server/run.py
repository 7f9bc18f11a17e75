"""The page's process of `leukoscope serve`."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from leukoscope_edge import updates
from leukoscope_edge.accounts import People
from leukoscope_edge.capture import domain_of
from leukoscope_edge.errors import (
    LeukoscopeError,
    RecordError,
    UpdateError,
    in_one_sentence,
)
from leukoscope_edge.i18n import languages
from leukoscope_edge.inference import (
    Bundle,
    Engine,
    open_bundle,
    open_engine,
    shipped_bundle_for,
)
from leukoscope_edge.live import (
    Command,
    Counter,
    Order,
    closed,
    keep_closed,
    open_again,
)
from leukoscope_edge.messages import Message
from leukoscope_edge.profile import PageEntry, Profile
from leukoscope_edge.records import Store, open_store
from leukoscope_edge.service import Pulse, run_folder
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.health import page_facts
from leukoscope_edge.web.maintenance import MaintenanceThread
from leukoscope_edge.web.records_error_page import LOOK_AGAIN_S, error_page_app
from leukoscope_edge.web.security import Sessions
from leukoscope_edge.web.server.lifecycle import Lifecycle
from leukoscope_edge.web.server.listening import listening
from leukoscope_edge.web.server.servers import entries, new_server, serve_all
from leukoscope_edge.web.tls import Certificate, open_certificate
from leukoscope_edge.web.update_session import UpdateSession

PAGE_NICENESS = 5
"""The page yields to the count where cores are short."""
BEAT_S, STARTED_S = 1.0, 0.02
FACTS_EVERY_S = 60.0
TRIAL_S = 1500.0
"""An engine is built once more, in at most 1200 s, and the stored cells run."""
CHORE_S = 3600.0
"""A restore unpacks and checks years of pictures; a recovery reads a year of events."""
Facts = Callable[[], dict[str, Any]]
Print = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What outlives every opening: who is signed in, what an update came to."""

    sessions: Sessions = field(default_factory=Sessions)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    update_session: UpdateSession = field(default_factory=UpdateSession)


def run_page(profile: Profile, data_dir: Path, say: Print) -> int:
    """Serve the page until told to end; where there are no records, say why.

    Args:
        profile: The device.
        data_dir: Of the records.
        say: Tells whoever started it a sentence.
    """
    signal.signal(signal.SIGTERM, _leave)
    os.nice(PAGE_NICENESS)
    pulse = Pulse(run_folder(data_dir), "page")
    open_again(data_dir)  # of a restore that a stop caught
    kept = Kept()
    try:
        while _run_device(profile, data_dir, pulse, kept, say):
            if kept.lifecycle.after is not None:
                pulse.beat(allow_s=CHORE_S, doing="what needs the records closed")
                with closed(data_dir):
                    kept.lifecycle.do_after()
    except (LeukoscopeError, OSError) as err:
        why = in_one_sentence(err)
        say(why)
        servers = _servers(error_page_app(why), profile.page)
        facts = {"trouble": why}
        with _ports(profile.page, pulse, say) as ports:
            asyncio.run(_serve(servers, ports, pulse, lambda: facts, LOOK_AGAIN_S))
    return 0


def _leave(*_: object) -> None:
    """End in order when told to: uvicorn hands the signal on once it has ended.

    By itself SIGTERM ends a process at once, and the records' log stays unwritten.
    """
    raise SystemExit(0)


def _run_device(
    profile: Profile, data_dir: Path, pulse: Pulse, kept: Kept, say: Print
) -> bool:
    """Open everything and serve until the end, or until it must be opened anew.

    Returns:
        Whether to open it anew, as for another model, or to mend damaged records.
    """

    def tell() -> None:
        pulse.beat(allow_s=CHORE_S, doing="making the records ready")

    with open_store(data_dir, waits=False, on_long_work=tell) as store:
        try:
            return _serve_records(profile, store, pulse, kept, say)
        except RecordError:
            if store.is_damaged:
                return True
            raise


def _serve_records(
    profile: Profile, store: Store, pulse: Pulse, kept: Kept, say: Print
) -> bool:
    """Open the rest and serve; say whether to open everything anew."""
    certificate = _certificate(profile, store.folder)
    store.fill_worklist()
    if updates.is_on_trial(store.folder):  # a cut left it; it is tried before all else
        pulse.beat(allow_s=TRIAL_S, doing="trying a new model")
    bundle, why_off = _model(profile, store)
    with (
        _opened(bundle) as (engine, bundle),
        Counter(run_folder(store.folder)) as counter,
    ):
        device = Device(
            profile=profile,
            store=store,
            people=People(store.folder / "people"),
            sessions=kept.sessions,
            counter=counter,
            bundle=bundle,
            engine=engine,
            languages=languages(),
            fingerprint=certificate.fingerprint if certificate else "",
            update_session=kept.update_session,
            lifecycle=kept.lifecycle,
            why_off=why_off,
        )
        servers = _servers(create_app(device), profile.page, certificate)
        opens_anew = _open_anew_when_asked(device, servers)
        facts = _now_and_then(lambda: page_facts(device))
        with _ports(profile.page, pulse, say) as ports, MaintenanceThread(device):
            _say_where(profile.page, ports, certificate, say)
            asyncio.run(_serve(servers, ports, pulse, facts))
    return opens_anew.is_set()


def _model(profile: Profile, store: Store) -> tuple[Bundle, Message | None]:
    """Return the model to serve, and why none may screen; None where one may.

    Where no installed model is whole the counting process says so and counts nothing;
    the records stay readable, with the shipped model's card beside them.
    """
    domain = domain_of(profile.camera.source)
    updates.recover(updates.device_with(store))
    shipped = shipped_bundle_for(domain)
    try:
        folder = updates.active_bundle(store.folder, domain)
    except UpdateError as err:
        return open_bundle(shipped), err.told
    return open_bundle(folder or shipped), None


@contextlib.contextmanager
def _opened(bundle: Bundle) -> Iterator[tuple[Engine, Bundle]]:
    """Open a model; of its files' bytes the engine's own copy alone is kept."""
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        bundle = bundle.without_files()
        yield engine, bundle


def _certificate(profile: Profile, data_dir: Path) -> Certificate | None:
    if profile.page.is_loopback:
        return None
    return open_certificate(data_dir / "tls", profile.page)


@contextlib.contextmanager
def _ports(page: PageEntry, pulse: Pulse, say: Print) -> Iterator[list[socket.socket]]:
    """Hold the page's sockets; another program that has the port is waited for."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(listening(e, lambda why: pulse.beat(trouble=why), say))
            for e in entries(page)
        ]


def _say_where(
    page: PageEntry,
    ports: Sequence[socket.socket],
    certificate: Certificate | None,
    say: Print,
) -> None:
    for entry, port in zip(entries(page), ports, strict=True):
        scheme = "http" if entry.is_loopback else "https"
        say(f"{scheme}://{entry.address}:{port.getsockname()[1]}/")
    if certificate:
        say(f"fingerprint {certificate.fingerprint}")


def _servers(
    app: ASGIApp, page: PageEntry, certificate: Certificate | None = None
) -> list[uvicorn.Server]:
    return [new_server(app, entry, certificate) for entry in entries(page)]


def _open_anew_when_asked(
    device: Device, servers: Sequence[uvicorn.Server]
) -> threading.Event:
    """Let the lifecycle end the servers; the event says that it did."""
    opens_anew = threading.Event()

    def end() -> None:
        if device.lifecycle.after is not None:
            keep_closed(device.store.folder)
        device.counter.order(Order(do=Command.LEAVE))
        opens_anew.set()
        servers[0].should_exit = True

    device.lifecycle.serve(end)
    return opens_anew


async def _serve(
    servers: Sequence[uvicorn.Server],
    ports: Sequence[socket.socket],
    pulse: Pulse,
    facts: Facts,
    for_s: float | None = None,
) -> None:
    beating = asyncio.create_task(_beat(servers, pulse, facts, for_s))
    try:
        await serve_all(servers, ports)
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating


async def _beat(
    servers: Sequence[uvicorn.Server], pulse: Pulse, facts: Facts, for_s: float | None
) -> None:
    """Beat on the road of a request: the loop turns and a thread is free for it."""
    while not all(server.started for server in servers):
        await asyncio.sleep(STARTED_S)
    until_s = None if for_s is None else time.monotonic() + for_s
    while until_s is None or time.monotonic() < until_s:
        await run_in_threadpool(lambda: pulse.beat(**facts()))
        await asyncio.sleep(BEAT_S)
    servers[0].should_exit = True


def _now_and_then(facts: Facts) -> Facts:
    """Return the same facts for a minute: they cost a look into the records."""
    known: dict[str, Any] = {}
    due_s = 0.0

    def current() -> dict[str, Any]:
        nonlocal known, due_s
        if time.monotonic() >= due_s:
            known, due_s = facts(), time.monotonic() + FACTS_EVERY_S
        return known

    return current
