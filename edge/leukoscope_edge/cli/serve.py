"""`leukoscope serve`: the technician's page on this machine."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

import uvicorn

from leukoscope_edge import updates
from leukoscope_edge.capture.source import is_simulated
from leukoscope_edge.inference.bundle import open_bundle, shipped_bundle_for
from leukoscope_edge.inference.choose import open_engine
from leukoscope_edge.profile import Profile, open_profile
from leukoscope_edge.records.store import open_store
from leukoscope_edge.types import Domain
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.counter import Counter
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.i18n import languages
from leukoscope_edge.web.people import People
from leukoscope_edge.web.security import Sessions
from leukoscope_edge.web.tls import Certificate, open_certificate

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
    domain: Domain = "simulated" if is_simulated(profile.camera.source) else "real"
    updates.recover(updates.Device(data=data_dir))
    folder = updates.active_bundle(data_dir, domain)
    bundle = open_bundle(folder or shipped_bundle_for(domain))
    certificate = _certificate(profile, data_dir)
    with (
        open_store(data_dir) as store,
        open_engine(bundle, backend="cpu", n_threads=1) as engine,
        Counter(profile, data_dir, bundle.folder) as counter,
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
        _run(device, certificate)
    return 0


def _certificate(profile: Profile, data_dir: Path) -> Certificate | None:
    if profile.page.is_loopback:
        return None
    return open_certificate(data_dir / "tls", profile.page)


def _run(device: Device, certificate: Certificate | None) -> None:
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
    os.nice(PAGE_NICENESS)
    uvicorn.Server(config).run()
