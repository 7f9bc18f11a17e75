"""A model that was not validated for care says so wherever its word is read."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.edge.web.stand_ins import NAME, PIN, Browser, fill_slide

from leukoscope_edge.cli import main
from leukoscope_edge.inference import open_bundle, shipped_bundle_for
from leukoscope_edge.messages import NOT_FOR_CARE
from leukoscope_edge.records.exports import file_of, open_version
from leukoscope_edge.records.slides import Origin
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device

LABEL = NOT_FOR_CARE.said()
PAGES = ("/", "/sign-in", "/slides", "/slides/new", "/device", "/update", "/people")
SLIDE_PAGES = ("count", "review", "result", "share", "print")


@pytest.fixture
def validated(device: Device) -> Iterator[tuple[Browser, Device]]:
    """A device whose model is said to be validated for care."""
    device.people.add_first(NAME, PIN)
    card = replace(device.bundle.card, validation="clinical")
    own = replace(device, bundle=replace(device.bundle, card=card))
    with Browser(create_app(own), base_url="http://localhost:8000") as client:
        client.sign_in()
        yield client, own


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_a_research_model_says_so(browser: Browser, path: str) -> None:
    assert LABEL in browser.get(path).text


@pytest.mark.parametrize("path", SLIDE_PAGES)
def test_every_page_of_its_slides_says_so(
    browser: Browser, device: Device, path: str
) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=1)
    assert LABEL in browser.get(f"/slides/{slide}/{path}").text


def test_a_validated_model_carries_no_label_and_its_slides_none(
    validated: tuple[Browser, Device],
) -> None:
    client, own = validated
    assert LABEL not in client.get("/").text
    slide = fill_slide(own, n_blast=1, n_normal=1)
    assert LABEL not in client.get(f"/slides/{slide}/result").text
    assert open_version(own.store, slide, identified=False).marks == ()


def test_the_models_page_tells_of_those_kept_aside_before_its_own_cells(
    device: Device,
) -> None:
    device.people.add_first(NAME, PIN)
    own = replace(device, bundle=open_bundle(shipped_bundle_for("real")))
    with Browser(create_app(own), base_url="http://localhost:8000") as client:
        client.sign_in()
        text = client.get("/update").text
    laboratories = own.bundle.card.laboratories
    assert laboratories is not None
    assert laboratories.left_out
    measured = text.index("Measured on")
    for one in laboratories.left_out:
        assert text.index(f"Kept aside: {one.laboratory}") < measured
        assert text.index(f"AUROC {one.auroc:.3f}") < measured


def test_a_card_without_such_a_figure_says_so(browser: Browser) -> None:
    assert (
        "no figure of people or laboratories kept aside" in browser.get("/update").text
    )


@pytest.mark.parametrize("what", ["csv", "fhir.json"])
def test_what_leaves_of_it_says_so(device: Device, what: str) -> None:
    slide = fill_slide(device, n_blast=1, n_normal=1)
    version = open_version(device.store, slide, identified=False)
    assert NOT_FOR_CARE in version.marks  # on the PDF too, as a banner
    assert LABEL in file_of(version, what, str).decode()


def test_a_record_from_before_the_key_is_of_a_research_model() -> None:
    old = Origin(
        bundle="m",
        bundle_sha256="",
        engine="cpu",
        software="leukoscope 0.0.1",
        calibration="none",
        camera="camera",
        scale_um_per_px=None,
        view_um=20.0,
    )
    assert old.is_research


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_screening_says_so(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["screen", "simulated:seed=1,cells=2,jerks=0", *option])
    assert LABEL in capsys.readouterr().out
