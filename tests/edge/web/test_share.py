"""Files of a slide: copied to a stick, and kept that they left."""

from functools import partial
from pathlib import Path

from tests.edge.web.stand_ins import NAME, PIN, Browser, fill_slide, look_at_all
from tests.edge.web.sticks import with_sticks

from leukoscope_edge.media import READ_ONLY, new_file_on
from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.share import ExportRequest, copy_to_stick


def test_files_go_to_a_stick_that_the_profile_names(
    device: Device, tmp_path: Path
) -> None:
    (stick := tmp_path / "stick").mkdir()
    slide = fill_slide(device, n_blast=1)
    own = with_sticks(device, stick)
    asked = ExportRequest(False, NAME)
    found = partial(new_file_on, own.profile, str(stick))
    for n in ("", "-2"):  # what is there stays
        [place] = copy_to_stick(own.store, slide, found, ["csv"], asked)
        name = f"leukoscope-{slide}-v1-deidentified{n}.csv"
        assert place == f"leukoscope/{name}"
        assert (stick / place).read_bytes()


def test_a_stick_that_is_mounted_read_only_is_said_to_be(device: Device) -> None:
    read_only = Path("/proc/sys")  # to root as well
    device.people.add_first(NAME, PIN)
    own = with_sticks(device, read_only)
    slide = look_at_all(own, fill_slide(own, n_blast=1))
    with Browser(create_app(own), base_url="http://localhost:8000") as client:
        client.sign_in()
        page = client.get(f"/slides/{slide}/share").text
        assert "Save the files with the buttons above" in page
        assert READ_ONLY.said() in client.get("/device").text
        body = {"stick": str(read_only), "whats": ["csv"]}
        answer = client.post(f"/api/slides/{slide}/stick", json=body)
    assert answer.status_code == 409
    assert READ_ONLY.said() in answer.json()["detail"]
