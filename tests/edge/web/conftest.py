"""A device without a camera, and a client that is signed in to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.edge.web.all_screens import Shown, fill_records, served
from tests.edge.web.in_browser import chromium, page, serve  # noqa: F401
from tests.edge.web.stand_ins import NAME, PIN, PROFILE, QUICK, Browser, StillCounter
from tests.simulated import simulated_bundle

from leukoscope_edge.accounts import People
from leukoscope_edge.i18n import languages
from leukoscope_edge.inference import OnnxCpuEngine
from leukoscope_edge.records import open_store
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.security import COOKIE, Sessions


@contextmanager
def new_device(folder: Path) -> Iterator[Device]:
    bundle = simulated_bundle()
    with open_store(folder / "data") as store, OnnxCpuEngine(bundle) as engine:
        yield Device(
            profile=PROFILE,
            store=store,
            people=People(folder / "people", hasher=QUICK),
            sessions=Sessions(),
            counter=StillCounter(),  # type: ignore[arg-type]
            bundle=bundle,
            engine=engine,
            languages=languages(),
        )


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    with new_device(tmp_path) as device:
        yield device


@pytest.fixture
def standing(device: Device, page: Page) -> Iterator[str]:  # noqa: F811
    """The address of a page at which somebody is signed in, and nothing counts.

    It is served from this process, which is quicker than a whole service.
    """
    device.people.add_first(NAME, PIN)
    with served(device) as url:
        session = device.sessions.sign_in(NAME)
        page.context.add_cookies([{"name": COOKIE, "value": session, "url": url}])
        yield url


@pytest.fixture(scope="module")
def all_shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """One device with records in every state, for the tests that change none."""
    with new_device(tmp_path_factory.mktemp("device")) as device:
        screens = fill_records(device)
        with served(device) as url:
            yield Shown(device=device, url=url, screens=screens)


@pytest.fixture
def stranger(device: Device) -> Iterator[Browser]:
    device.people.add_first(NAME, PIN)
    with Browser(create_app(device), base_url="http://localhost:8000") as client:
        yield client


@pytest.fixture
def browser(stranger: Browser) -> Browser:
    stranger.sign_in()
    return stranger
