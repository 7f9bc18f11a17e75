"""Orders are taken once and never lost; results lie whole in the folder."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.edge.web.stand_ins import NAME, fill_slide, look_at_all

from leukoscope_edge.profile import HospitalEntry
from leukoscope_edge.records.slides import SlideState, verdict_of
from leukoscope_edge.sample import AgeGroup
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.hospital_folders import HospitalFolders

HEAD = "number,age,type\n"


@pytest.fixture
def site(device: Device, tmp_path: Path) -> Device:
    """A device that shares two folders with its hospital."""
    for name in ("orders", "results"):
        (tmp_path / name).mkdir()
    entry = HospitalEntry(
        orders=str(tmp_path / "orders"), results=str(tmp_path / "results")
    )
    return replace(device, profile=replace(device.profile, hospital=entry))


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Where the folders lie."""
    return tmp_path


def lay(shared: Path, text: str, name: str = "a.csv") -> Path:
    path = shared / "orders" / name
    path.write_text(text)
    os.utime(path, (0, 0))
    return path


def sign(device: Device, slide: str) -> None:
    device.store.review.sign(
        slide,
        lambda record: verdict_of(record, device.card_of(record)),
        NAME,
        key=f"sign-{slide}",
    )


def test_no_folder_named_touches_nothing(device: Device) -> None:
    assert HospitalFolders(device).go() == ""
    assert device.store.reader.slides() == []


def test_an_order_becomes_a_slide_that_waits(site: Device, shared: Path) -> None:
    path = lay(shared, HEAD + "S-7,4,blood\n")
    assert HospitalFolders(site).go() == ""
    [record] = site.store.reader.slides()
    assert record.state is SlideState.NEW
    assert record.facts.age is AgeGroup.CHILD
    identity = site.store.reader.identity(record.id)
    assert identity is not None
    assert identity.sample == "S-7"
    assert not path.exists()
    assert len(list((shared / "orders" / "taken").iterdir())) == 1


def test_a_bad_row_is_one_line_and_the_file_is_kept(site: Device, shared: Path) -> None:
    lay(shared, HEAD + "S-7,4,blood\nS-8,4,urine\n")
    HospitalFolders(site).go()
    assert len(site.store.reader.slides()) == 1
    refused = sorted((shared / "orders" / "refused").iterdir())
    assert [p.suffix for p in refused] == [".csv", ".txt"]
    line = "a.csv, line 3: type: must be blood or marrow, got 'urine'\n"
    assert refused[1].read_text() == line
    assert "S-8" not in str([e.body for e in site.store.log.notes("orders refused")])


def test_a_stop_between_taking_and_moving_takes_no_order_twice(
    site: Device, shared: Path
) -> None:
    text = HEAD + "S-7,4,blood\nS-8,40,marrow\n"
    lay(shared, text)
    HospitalFolders(site).go()
    lay(shared, text)  # as if it had never been moved
    HospitalFolders(site).go()
    assert len(site.store.reader.slides()) == 2
    assert not (shared / "orders" / "refused").exists()


def test_a_second_order_of_a_sample_that_waits_is_said(
    site: Device, shared: Path
) -> None:
    lay(shared, HEAD + "S-7,4,blood\n")
    lay(shared, HEAD + "S-7,5,blood\n", "b.csv")
    HospitalFolders(site).go()
    assert len(site.store.reader.slides()) == 1
    [line] = (shared / "orders" / "refused").glob("*.txt")
    assert "slide 0001 of this sample waits already" in line.read_text()


def test_a_file_that_is_still_written_is_left_alone(site: Device, shared: Path) -> None:
    path = lay(shared, HEAD + "S-7,4,blood\n")
    written_s = path.stat().st_mtime
    HospitalFolders(site, clock=lambda: written_s + 1).go()
    assert path.exists()


def test_a_signed_result_is_given_once_and_again_when_it_is_amended(
    site: Device, shared: Path
) -> None:
    slide = look_at_all(site, fill_slide(site, n_blast=2, n_normal=12))
    folders = HospitalFolders(site)
    folders.go()
    assert list((shared / "results").iterdir()) == []
    sign(site, slide)
    folders.go()
    given = sorted(p.name for p in (shared / "results").iterdir())
    stem = f"leukoscope-{slide}-v1-identified"
    assert given == [f"{stem}.csv", f"{stem}.fhir.json"]
    report = json.loads((shared / "results" / given[1]).read_text())
    assert report["resourceType"] == "Bundle"
    (shared / "results" / given[0]).unlink()  # the hospital took it
    HospitalFolders(site).go()  # a new start
    assert len(list((shared / "results").iterdir())) == 1
    site.store.review.amend(slide, "a reason", NAME)
    site.store.review.void(slide, "a reason", NAME)
    folders.go()
    assert (shared / "results" / f"{stem}-void.fhir.json").exists()


def test_a_folder_that_is_gone_is_said_and_nothing_is_lost(
    site: Device, shared: Path
) -> None:
    slide = look_at_all(site, fill_slide(site, n_blast=2, n_normal=12))
    sign(site, slide)
    (shared / "results").rename(shared / "elsewhere")
    folders = HospitalFolders(site)
    assert "folder does not serve" in folders.go()
    (shared / "elsewhere").rename(shared / "results")
    assert folders.go() == ""
    assert len(list((shared / "results").iterdir())) == 2


def test_a_folder_is_named_by_its_full_path() -> None:
    with pytest.raises(ValueError, match="must be a full path"):
        HospitalEntry(orders="orders")
