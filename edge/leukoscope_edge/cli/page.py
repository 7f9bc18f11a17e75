"""The page's process of `leukoscope serve`."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from leukoscope_edge import updates
from leukoscope_edge.capture.source import is_simulated
from leukoscope_edge.errors import LeukoscopeError, UpdateError
from leukoscope_edge.inference.bundle import open_bundle, shipped_bundle_for
from leukoscope_edge.inference.engine import OnnxCpuEngine
from leukoscope_edge.profile import PageEntry, Profile
from leukoscope_edge.records.store import open_store
from leukoscope_edge.service.beats import Pulse, run_folder
from leukoscope_edge.types import Domain
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.counter import Counter
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.health import page_facts
from leukoscope_edge.web.i18n import languages
from leukoscope_edge.web.people import People
from leukoscope_edge.web.security import Sessions
from leukoscope_edge.web.tls import Certificate, open_certificate
from leukoscope_edge.web.trouble import LOOK_AGAIN_S, trouble_app

PAGE_NICENESS = 5
"""The page yields to the count where cores are short."""
GRACE_S = 2
"""How long open pages may take to close."""
MAX_CONNECTIONS = 64
"""A kiosk and a few viewers; a flood is turned away."""
BEAT_S, STARTED_S = 1.0, 0.02
FACTS_EVERY_S = 60.0
Facts = Callable[[], dict[str, Any]]


def run_page(profile: Profile, data_dir: Path) -> int:
    """Serve the page until told to end; where there are no records, say why.

    Args:
        profile: The device.
        data_dir: Of the records.
    """
    os.nice(PAGE_NICENESS)
    pulse = Pulse(run_folder(data_dir), "page")
    try:
        _run_device(profile, data_dir, pulse)
    except LeukoscopeError as err:
        why = str(err)
        print(f"leukoscope: {why}", file=sys.stderr)
        app = trouble_app(why)
        _run(
            app, profile.page, None, pulse, lambda: {"trouble": why}, for_s=LOOK_AGAIN_S
        )
    return 0


def _run_device(profile: Profile, data_dir: Path, pulse: Pulse) -> None:
    domain: Domain = "simulated" if is_simulated(profile.camera.source) else "real"
    with open_store(data_dir) as store:
        bundle = open_bundle(_bundle_folder(data_dir, domain))
        certificate = _certificate(profile, data_dir)
        with (
            OnnxCpuEngine(bundle, n_threads=1) as engine,
            Counter(run_folder(data_dir)) as counter,
        ):
            device = Device(
                profile=profile,
                store=store,
                people=People(data_dir / "people"),
                sessions=Sessions(),
                counter=counter,
                bundle=bundle,
                engine=engine,
                languages=languages(),
                fingerprint=certificate.fingerprint if certificate else "",
            )
            _say_where(profile.page, certificate)
            facts = _now_and_then(lambda: page_facts(device))
            _run(create_app(device), profile.page, certificate, pulse, facts)


def _bundle_folder(data_dir: Path, domain: Domain) -> Path:
    """Return the model whose results are shown.

    Where none is whole the counting process says so and counts nothing; the shipped one
    still opens the records.
    """
    try:
        updates.recover(updates.Device(data=data_dir))
        folder = updates.active_bundle(data_dir, domain)
    except UpdateError as err:
        print(f"leukoscope: {err}", file=sys.stderr)
        folder = None
    return folder or shipped_bundle_for(domain)


def _certificate(profile: Profile, data_dir: Path) -> Certificate | None:
    if profile.page.is_loopback:
        return None
    return open_certificate(data_dir / "tls", profile.page)


def _say_where(page: PageEntry, certificate: Certificate | None) -> None:
    scheme = "https" if certificate else "http"
    print(f"leukoscope: {scheme}://{page.address}:{page.port}/", file=sys.stderr)
    if certificate:
        print(f"leukoscope: fingerprint {certificate.fingerprint}", file=sys.stderr)


def _run(
    app: ASGIApp,
    page: PageEntry,
    certificate: Certificate | None,
    pulse: Pulse,
    facts: Facts,
    for_s: float | None = None,
) -> None:
    config = uvicorn.Config(
        app,
        host=page.address,
        port=page.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=certificate.certificate if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    asyncio.run(_serve(uvicorn.Server(config), pulse, facts, for_s))


async def _serve(
    server: uvicorn.Server, pulse: Pulse, facts: Facts, for_s: float | None
) -> None:
    beating = asyncio.create_task(_beat(server, pulse, facts, for_s))
    try:
        await server.serve()
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating


async def _beat(
    server: uvicorn.Server, pulse: Pulse, facts: Facts, for_s: float | None
) -> None:
    """Beat on the road of a request: the loop turns and a thread is free for it."""
    while not server.started:
        await asyncio.sleep(STARTED_S)
    until_s = None if for_s is None else time.monotonic() + for_s
    while until_s is None or time.monotonic() < until_s:
        await run_in_threadpool(lambda: pulse.beat(**facts()))
        await asyncio.sleep(BEAT_S)
    server.should_exit = True


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
