"""A profile's network finds the cells; where it does not, page and slide say so."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.edge.live.whole_count import obeyed, to_the_end
from tests.edge.web.stand_ins import (
    NAME,
    PROFILE,
    Browser,
    fill_slide,
    look_at_all,
    make_cell,
)

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.cli import main
from leukoscope_edge.i18n import languages
from leukoscope_edge.inference import (
    CpuSession,
    Segment,
    ServingSegmenter,
    open_bundle,
    segmentation_named,
    shipped_bundle_for,
)
from leukoscope_edge.live import Mode, News, equipment
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.profile import CameraEntry, Profile
from leukoscope_edge.records import from_png
from leukoscope_edge.records.slides import FieldPicture, SlideRecord, reproduce
from leukoscope_edge.service import Sign, signs
from leukoscope_edge.types import THRESHOLDS, CallName, Segmentation, Tally
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.health import notices

UNET = "unet-nuclei-1"
CANNOT = (
    "unet-nuclei-1 cannot be used: /srv/model.cpu.onnx: is not the file that its card "
    "names"
)
SAID = f"Cells are found by thresholds: {CANNOT}"
N_FRAMES = 14
SLIDE = CameraEntry(source="simulated:seed=4,cells=40", frames_per_second=1000.0)


class KeptPulse:
    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def beat(self, **facts: Any) -> None:
        self.facts |= facts


def with_network(device: Device, name: str, **profile: Any) -> Device:
    changed = replace(PROFILE, camera=SLIDE, segmenter=name, **profile)
    return replace(device, profile=changed)


def count(device: Device, slide: str) -> tuple[list[str], KeptPulse, SlideRecord]:
    """Count some frames; return what the page was told, without repetitions."""
    pulse = KeptPulse()
    orders = to_the_end(slide, N_FRAMES)
    drafts = obeyed(device, device.profile, orders, pulse=pulse).drafts
    assert drafts[-1].news.mode is Mode.FINISHED
    told = dict.fromkeys(d.news.facts["found_by"] for d in drafts)
    return list(told), pulse, device.store.reader.slide(slide)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every network fail in its fourth frame."""

    def open_one(profile: Profile) -> ServingSegmenter:
        left = iter(range(4))  # as it is opened, and in three frames

        class FailsSoon(CpuSession):
            def run(self, ready: F32, output: str) -> F32:
                if next(left, None) is None:
                    raise RuntimeError("out of memory\nin a kernel")
                return super().run(ready, output)

        return ServingSegmenter(profile.segmenter, open_session=FailsSoon)

    monkeypatch.setattr(equipment, "segmenter_of", open_one)


def test_the_network_of_the_profile_finds_the_cells(device: Device) -> None:
    device = with_network(device, UNET)
    slide = fill_slide(device, is_finished=False)
    shown, pulse, record = count(device, slide)
    assert record.machine_cells
    assert (record.origin.segmenter, record.notes) == (UNET, ())
    assert shown == [""]
    assert pulse.facts["segmenter"] == UNET


def test_without_the_network_thresholds_count_and_page_and_slide_say_why(
    device: Device,
) -> None:
    plain, missing = with_network(device, THRESHOLDS), with_network(device, "unet-x")
    _, _, expected = count(plain, fill_slide(plain, is_finished=False))
    shown, pulse, record = count(missing, fill_slide(missing, is_finished=False))
    why = (
        "Cells are found by thresholds: unet-x cannot be used: there is no segmenter "
        "'unet-x'; there are: thresholds, unet-nuclei-1"
    )
    assert shown == [why]
    assert record.notes == (why,)
    assert record.origin.segmenter == THRESHOLDS
    assert record.machine == expected.machine
    assert expected.notes == ()
    assert pulse.facts["segmenter"] == THRESHOLDS
    assert pulse.facts["found_by"] == why


@pytest.mark.usefixtures("failing")
def test_a_network_that_fails_in_the_middle_loses_no_frame(device: Device) -> None:
    device = with_network(device, UNET, only_new=False)
    shown, _, record = count(device, fill_slide(device, is_finished=False))
    why = "unet-nuclei-1 failed after 3 frames: "
    silence, said = shown
    assert silence == ""
    assert said.startswith(f"Cells are found by thresholds: {why}")
    assert said.endswith("does not run: out of memory in a kernel")
    [note] = record.notes
    assert note.startswith("from cell ")
    assert f"on, cells are found by thresholds: {why}" in note
    assert record.origin.segmenter == THRESHOLDS
    assert record.tally.frames["screened"] >= N_FRAMES
    assert device.store.verify_audit() == []


@pytest.mark.usefixtures("failing")
def test_each_kept_frame_is_looked_at_again_by_what_found_its_cells(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = with_network(device, UNET, only_new=False)
    store, slide = device.store, fill_slide(device, is_finished=False)
    _, _, record = count(device, slide)
    fields = [c.field for c in record.machine_cells.values() if c.field]
    by_frame = {f.frame: f.found_by for f in fields}
    assert set(by_frame.values()) == {UNET, THRESHOLDS}
    of_network = [f for f, by in by_frame.items() if by == UNET]
    assert max(of_network) < min(by_frame.keys() - of_network)
    looked: set[tuple[bytes, str]] = set()

    def noted(name: str, *, in_marrow: bool) -> Segment:
        segment = segmentation_named(name, in_marrow=in_marrow)

        def look(pixels: U8, scale_um_per_px: float | None) -> Segmentation:
            looked.add((pixels.tobytes(), name))
            return segment(pixels, scale_um_per_px)

        return look

    monkeypatch.setattr(reproduce, "segmentation_named", noted)
    again = reproduce.look_again(record, store.pictures, device.bundle, device.engine)
    assert looked == {
        (from_png(store.pictures.read(slide, f.file)).tobytes(), f.found_by)
        for f in fields
    }
    assert again.found_by == (THRESHOLDS, UNET)
    assert again.n_found == again.n_cells == len(fields)


def test_a_network_that_is_not_on_this_machine_is_named_after_the_crops(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    store, slide = device.store, fill_slide(device, is_finished=False)
    picture, _ = store.pictures.keep_jpeg(slide, b"a frame")
    field = FieldPicture(
        file=picture, frame="f", box_px=(0, 0, 9, 9), found_by="unet-nuclei-9"
    )
    blast = make_cell(1, CallName.BLAST)
    store.count.add_cells(slide, [blast], frames={}, fields={1: field})
    why = (
        f"slide {slide}: cells in its kept frames were found by unet-nuclei-9, which "
        "does not serve on this machine: there is no segmenter 'unet-nuclei-9'; there"
    )
    assert main(["records", "reproduce", slide, "--data", str(store.folder)]) == 1
    printed = capsys.readouterr()
    assert f"slide {slide}: crops of 1 cells judged again" in printed.out
    assert why in printed.err


def test_a_network_that_is_there_again_goes_on_with_the_slide(device: Device) -> None:
    device = with_network(device, UNET)
    slide = fill_slide(device, n_normal=4, is_finished=False)
    device.store.count.change_segmenter(
        slide, THRESHOLDS, "unet-nuclei-1 cannot be used: x"
    )
    _, _, record = count(device, slide)
    assert record.origin.segmenter == UNET
    first, resumed, again = record.notes
    assert first.startswith("from cell 5 on, cells are found by thresholds: unet")
    assert "counting stopped at 4 cells" in resumed
    assert again == (
        "from cell 5 on, cells are found by unet-nuclei-1: the profile asks for it"
    )


def test_real_fields_are_counted_by_the_network(
    device: Device, real_data: Path, tmp_path: Path
) -> None:
    fields = tmp_path / "fields"
    fields.mkdir()
    for path in sorted((real_data / "wbc-fields" / "images").iterdir())[1:8:2]:
        shutil.copy(path, fields)
    camera = replace(SLIDE, source=str(fields), scale_um_per_px=0.08)
    bundle = open_bundle(shipped_bundle_for("real"))
    device = replace(device, bundle=bundle)
    found = {}
    for name in (UNET, THRESHOLDS):
        chosen = replace(PROFILE, camera=camera, segmenter=name)
        own = replace(device, profile=chosen)
        _, _, record = count(own, fill_slide(own, is_finished=False))
        assert (record.origin.segmenter, record.notes) == (name, ())
        found[name] = len(record.machine_cells)
    assert found[UNET] == found[THRESHOLDS] > 0


def test_home_says_that_thresholds_serve(browser: Browser, device: Device) -> None:
    news = News(mode=Mode.IDLE, slide="", facts={"seq": 1, "found_by": SAID})
    device.counter.tell(news)  # type: ignore[attr-defined]
    assert SAID in notices(device)
    assert SAID in browser.get("/").text
    french = browser.get("/", headers={"accept-language": "fr"}).text
    assert "Les cellules sont trouvées par seuillage" in french
    assert "est pas le fichier que sa fiche indique" in french


@pytest.mark.parametrize(
    ("why", "words", "is_good"),
    [("", "thresholds", True), (SAID, SAID, False)],
)
def test_health_says_what_finds_the_cells(why: str, words: str, is_good: bool) -> None:
    facts = {"segmenter": THRESHOLDS, "found_by": why}
    found = {
        "safe": "",
        "disk": {"room": "good", "free_bytes": 1e9, "n_slides": 9},
        "temperature_c": None,
        "processes": [],
        "parts": {"count": {"facts": facts, "n_restarts": 0}},
    }
    sign = Sign(name="Cells found by", words=(words,), is_good=is_good)
    assert sign in signs(found)


def test_a_slide_says_on_page_and_paper_what_found_its_cells(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(with_network(device, UNET), n_blast=1, is_finished=False)
    text = browser.get(f"/slides/{slide}/count").text
    assert 'id="found-by"' in text
    device.store.count.change_segmenter(slide, THRESHOLDS, CANNOT)
    verdict = Refusal(reason=message("test"))
    device.store.count.finish_count(
        slide, verdict, NAME, tally=Tally(frames={"screened": 9})
    )
    note = f"from cell 2 on, cells are found by thresholds: {CANNOT}"
    assert note in browser.get(f"/slides/{slide}/result").text
    look_at_all(device, slide)
    paper = browser.get(f"/slides/{slide}/print").text
    assert "Cells found by" in paper
    assert note in paper
    for language in languages().values():
        if language.code != "en":
            assert language(note) != note
            assert language("Cells found by") != "Cells found by"
