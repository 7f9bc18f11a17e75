"""`leukoscope serve`: the technician's page on this machine."""

import argparse
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import uvicorn

from leukoscope_edge import updates
from leukoscope_edge.capture.source import is_simulated
from leukoscope_edge.errors import LeukoscopeError, UpdateError
from leukoscope_edge.inference.bundle import Bundle, open_bundle, shipped_bundle_for
from leukoscope_edge.inference.engine import OnnxCpuEngine
from leukoscope_edge.profile import Profile, open_profile
from leukoscope_edge.records.store import Store, open_store
from leukoscope_edge.types import Domain
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.counter import Counter
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.i18n import languages
from leukoscope_edge.web.people import People
from leukoscope_edge.web.rounds import Rounds
from leukoscope_edge.web.security import Sessions
from leukoscope_edge.web.tls import Certificate, open_certificate
from leukoscope_edge.web.updates import Desk

PAGE_NICENESS = 5
"""The page yields to the count where cores are short."""
GRACE_S = 2
"""How long open pages may take to close."""
MAX_CONNECTIONS = 64
"""A kiosk and a few viewers; a flood is turned away."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    serve = commands.add_parser("serve", help="the device's page, camera and records")
    serve.set_defaults(run=_serve)
    serve.add_argument(
        "--profile",
        default="simulated",
        help="a shipped profile's name or a TOML file; default: simulated",
    )
    serve.add_argument("--port", type=int, help="another port than the profile's")
    serve.add_argument(
        "--data", type=Path, help="another folder for the records than the profile's"
    )


def _serve(options: argparse.Namespace) -> int:
    profile = open_profile(options.profile)
    if options.port is not None:
        profile = replace(profile, page=replace(profile.page, port=options.port))
    data_dir = options.data or Path(profile.data_dir)
    sessions, desk = Sessions(), Desk()
    os.nice(PAGE_NICENESS)
    while _serve_once(profile, data_dir, sessions, desk):
        if desk.chore is not None:
            desk.say(_done(desk.chore))
            desk.chore = None
    return 0


def _done(chore: Callable[[], str]) -> str:
    """Do what needs everything closed, and say what came of it."""
    try:
        return chore()
    except LeukoscopeError as err:
        return str(err)


def _serve_once(
    profile: Profile, data_dir: Path, sessions: Sessions, desk: Desk
) -> bool:
    """Open everything and serve until the end, or until it must be opened anew.

    Returns:
        Whether to open it anew, as for another model.
    """
    certificate = _certificate(profile, data_dir)
    with open_store(data_dir) as store:
        bundle, why_off = _model(profile, store)
        with (
            OnnxCpuEngine(bundle, n_threads=1) as engine,
            Counter(profile, data_dir, bundle.folder) as counter,
        ):
            device = Device(
                profile=profile,
                store=store,
                people=People(data_dir / "people"),
                sessions=sessions,
                counter=counter,
                bundle=bundle,
                engine=engine,
                languages=languages(),
                fingerprint=certificate.fingerprint if certificate else "",
                desk=desk,
                why_off=why_off,
            )
            with Rounds(device):
                return _run(device, certificate)


def _model(profile: Profile, store: Store) -> tuple[Bundle, str]:
    """Return the model to serve, and why none may screen; empty where one may.

    Where no installed model is whole the records stay readable, with the shipped
    model's card beside them.
    """
    domain: Domain = "simulated" if is_simulated(profile.camera.source) else "real"
    updates.recover(updates.device_with(store))
    try:
        folder, why_off = updates.active_bundle(store.folder, domain), ""
    except UpdateError as err:
        folder, why_off = None, str(err)
    return open_bundle(folder or shipped_bundle_for(domain)), why_off


def _certificate(profile: Profile, data_dir: Path) -> Certificate | None:
    if profile.page.is_loopback:
        return None
    return open_certificate(data_dir / "tls", profile.page)


def _run(device: Device, certificate: Certificate | None) -> bool:
    page = device.profile.page
    scheme = "https" if certificate else "http"
    config = uvicorn.Config(
        create_app(device),
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
    print(f"leukoscope: {scheme}://{page.address}:{page.port}/", file=sys.stderr)
    if certificate:
        print(f"leukoscope: fingerprint {certificate.fingerprint}", file=sys.stderr)
    server, opens_anew = uvicorn.Server(config), threading.Event()

    def restart() -> None:
        opens_anew.set()
        server.should_exit = True

    device.desk.restart = restart
    server.run()
    return opens_anew.is_set()
