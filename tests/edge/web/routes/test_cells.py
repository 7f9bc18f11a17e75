"""The API about a cell: its pictures, what it measures, and what is said of it."""

from tests.edge.web.reading_results import judge_all
from tests.edge.web.stand_ins import Browser, fill_slide

from leukoscope_edge.types import Reading
from leukoscope_edge.web.device import Device


def test_an_explanation_measures_and_compares(browser: Browser, device: Device) -> None:
    slide = fill_slide(device, n_blast=1)
    unasked = browser.get(f"/api/slides/{slide}/cells/1")
    assert unasked.status_code == 409  # the first look is blind by the API, too
    assert "blast" not in unasked.text
    judge_all(device, slide, Reading.NORMAL)
    facts = browser.get(f"/api/slides/{slide}/cells/1").json()
    assert facts["n_sightings"] == 3
    assert 0 < facts["features"]["nucleus_um"] <= facts["features"]["cell_um"]
    assert 0 < facts["features"]["nucleus_share"] <= 1
    assert len(facts["alike"]) == 4
    for picture in ("view.png", "crop.png", "heat.png"):
        answer = browser.get(f"/api/slides/{slide}/cells/1/{picture}")
        assert answer.content.startswith(b"\x89PNG")
    assert browser.get(f"/api/slides/{slide}/cells/9").status_code == 404
