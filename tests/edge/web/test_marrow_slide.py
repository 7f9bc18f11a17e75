"""A drawn slide of marrow takes the whole road: page, count, gallery, report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.edge.live.whole_count import obeyed, to_the_end
from tests.edge.web.stand_ins import FACTS, PROFILE, Browser

from leukoscope_edge.cli import main
from leukoscope_edge.live import Mode
from leukoscope_edge.profile import CameraEntry
from leukoscope_edge.records.slides import SlideRecord
from leukoscope_edge.web.device import Device

N_CELLS, N_FRAMES = 24, 70
"""The path over so small a slide has 61 frames."""
SOURCE = "simulated:seed=4,cells=24,marrow=1,blasts={},jerks=0"


def counted(device: Device, browser: Browser, blasts: float) -> SlideRecord:
    """Begin a slide of marrow on the page and count it as the device does."""
    body = FACTS | {"sample_type": "marrow", "sample": "S-1", "key": "key-00000001"}
    assert browser.post("/api/slides", json=body).status_code == 200
    [record] = device.store.reader.slides()
    camera = CameraEntry(source=SOURCE.format(blasts), frames_per_second=1000.0)
    profile = replace(PROFILE, camera=camera)
    box = obeyed(device, profile, to_the_end(record.id, N_FRAMES))
    assert box.drafts[-1].news.mode is Mode.FINISHED
    return device.store.reader.slide(record.id)


@pytest.mark.parametrize(
    ("blasts", "result", "said"),
    [
        (0.0, "none-possible", f"only {N_CELLS} usable cells"),
        (0.5, "blasts", "Send today"),
    ],
)
def test_marrow_is_counted_and_is_no_negative_of_blood(
    device: Device, browser: Browser, blasts: float, result: str, said: str
) -> None:
    record = counted(device, browser, blasts)
    assert len(record.machine_cells) == N_CELLS
    assert record.machine is not None
    assert record.machine.result == result
    assert said in record.machine.sentence
    page = browser.get(f"/slides/{record.id}/review").text
    assert max(1, blasts * N_CELLS) <= page.count('data-cell="') <= N_CELLS


def test_the_report_of_drawn_marrow_says_what_was_smeared(tmp_path: Path) -> None:
    assert main(["screen", SOURCE.format(0.5), "--out", str(tmp_path)]) == 0
    assert "Marrow" in (tmp_path / "report.html").read_text()
    assert (
        json.loads((tmp_path / "result.json").read_text())["facts"]["sample_type"]
        == "Marrow"
    )
