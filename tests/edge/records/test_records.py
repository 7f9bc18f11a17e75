import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.durable import check_room, prepare_folder, write_whole
from leukoscope_edge.errors import OutputError
from leukoscope_edge.i18n import languages
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Interval, Refusal, Verdict, VerdictName
from leukoscope_edge.records.exports.html_report import report_bytes
from leukoscope_edge.records.exports.result_json import (
    INTENDED_USE,
    result_bytes,
    result_object,
)
from leukoscope_edge.records.exports.text_table import cells_csv_bytes, table_text
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.screening_result import ImageReport, ModelUsed, Screening
from leukoscope_edge.types import Call, CallName, Cell, Sighting, Tally


def cell(id_: int, name: CallName, p: float, image: str = "a.png") -> Cell:
    sighting = Sighting(
        frame=image,
        box_px=(1, 2, 30, 40),
        centre_px=(15.04, 20.0),
        slide_px=(15.0, 20.0),
        sharpness=1.0,
        crop=np.zeros((8, 8, 3), np.uint8),
        view=np.full((8, 8, 3), 200, np.uint8),
        radius_px=9.0,
    )
    return Cell(
        id=id_,
        sightings=(sighting,),
        n_sightings=1,
        call=Call(name=name, p_blast=p),
    )


VERDICT = Verdict(
    name=VerdictName.FEW,
    messages=(message("test"),),
    n_cells=2,
    n_blast=1,
    n_unclear=0,
    interval=Interval(low=0.1, high=0.9),
)
SCREENING = Screening(
    source="folder",
    facts=SIMULATED_SAMPLE,
    domain="real",
    is_sequence=False,
    verdict=VERDICT,
    cells=(cell(1, CallName.NORMAL, 0.1), cell(2, CallName.BLAST, 0.91234)),
    cut_off_cells=(cell(3, CallName.UNCLEAR, 0.5),),
    tally=Tally(n_smudges=4),
    images=(
        ImageReport(name="a.png", status="screened", width_px=64, height_px=48),
        ImageReport(name="b.png", status="skipped", reason="is truncated"),
    ),
    model=ModelUsed(id="m", sha256="ab" * 32, engine="cpu"),
    scale_um_per_px=0.1,
    view_um=20.0,
)


def test_the_result_has_every_promised_key() -> None:
    result = json.loads(result_bytes(SCREENING))
    assert result["verdict"] == "it is a test"
    assert result["images"][1] == {
        "name": "b.png",
        "status": "skipped",
        "reason": "is truncated",
        "width_px": 0,
        "height_px": 0,
    }
    assert result["cells"][1]["call"] == "blast"
    assert result["cells"][1]["p_blast"] == 0.9123
    assert result["cells"][1]["box_px"] == [1, 2, 30, 40]
    assert [c["counted"] for c in result["cells"]] == [True, True, False]
    model = {"id": "m", "sha256": "ab" * 32, "engine": "cpu", "fallback": ""}
    model["validation"] = "research"
    assert result["model"] == model
    assert result["count"]["blast_fraction_95"] == [0.1, 0.9]


def test_a_refusal_is_a_result_without_a_number_that_could_be_read_as_one() -> None:
    refused = replace(SCREENING, verdict=Refusal(reason=message("test")))
    result = result_object(refused)
    assert result["verdict"] == "No result, because it is a test."
    assert result["count"]["result"] == "none-possible"
    assert "blast_fraction_95" not in result["count"]


@pytest.mark.parametrize("make", [report_bytes, result_bytes])
def test_a_simulation_is_marked_everywhere(make: object) -> None:
    assert b"SIMULATION" not in make(SCREENING)  # type: ignore[operator]
    simulated = replace(SCREENING, domain="simulated")
    assert b"SIMULATION" in make(simulated)  # type: ignore[operator]
    assert "SIMULATION" in table_text(simulated)


@pytest.mark.parametrize("make", [report_bytes, result_bytes])
def test_the_intended_use_stands_on_every_result(make: object) -> None:
    assert INTENDED_USE.encode() in make(SCREENING)  # type: ignore[operator]
    assert INTENDED_USE in table_text(SCREENING)


def test_the_report_shows_every_cell_suspects_first_and_what_was_left_out() -> None:
    html = report_bytes(SCREENING).decode()
    assert html.count("<figure") == 3
    assert html.index("cell 2 ") < html.index("cell 1 ")
    assert "is truncated" in html
    assert '<rect width="50.0"' in html  # a bar of 10 µm in a view of 20 µm


def test_the_report_speaks_another_language_and_keeps_what_must_be_english() -> None:
    arabic = languages()["ar"]
    html = report_bytes(replace(SCREENING, domain="simulated"), arabic).decode()
    assert "<html lang=ar dir=rtl>" in html
    for text in (INTENDED_USE, "Leukoscope report", "Smudge cells", "Why"):
        assert languages()["ar"](text) in html
    assert f"<p class=intended-use lang=en dir=ltr>{INTENDED_USE}</p>" in html
    assert "SIMULATION: it is a test" in html
    for text in ("Leukoscope report", "Smudge", "BLAST-LIKE", "Images"):
        assert text not in html
    assert "dir=ltr" in report_bytes(SCREENING).decode().partition("<meta")[0]


def test_no_scale_bar_where_the_scale_is_not_known() -> None:
    html = report_bytes(replace(SCREENING, scale_um_per_px=None)).decode()
    assert "class=scale-bar" not in html
    assert "not known" in html


def test_the_report_runs_nothing_and_fetches_nothing() -> None:
    evil = "<script>alert(1)</script>'onload=x"
    html = report_bytes(
        replace(
            SCREENING,
            source=evil,
            cells=(cell(1, CallName.BLAST, 0.9, evil),),
            images=(ImageReport(name=evil, status="skipped", reason=evil),),
        )
    ).decode()
    assert "<script" not in html
    assert "http" not in html
    assert "'onload" not in html


def test_csv_is_harmless_in_a_spreadsheet() -> None:
    bad = replace(SCREENING, cells=(cell(1, CallName.BLAST, 0.9, "=cmd()"),))
    rows = list(csv.DictReader(io.StringIO(cells_csv_bytes(bad).decode())))
    assert rows[0]["image"] == "'=cmd()"
    assert rows[0]["x1_px"] == "30"


def test_an_older_result_is_gone_before_the_new_one_is_made(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("old")
    (tmp_path / "mine.txt").write_text("keep")
    prepare_folder(tmp_path, ("result.json",))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(OutputError, match="cannot be written to"):
        prepare_folder(tmp_path / "out", ())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / ".result.json.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="cannot be written"):
        write_whole(tmp_path / "result.json", b"x" * 100)
    assert not (tmp_path / "result.json").exists()


def test_nothing_begins_without_room_to_end_it(tmp_path: Path) -> None:
    check_room(tmp_path, 1)
    with pytest.raises(OutputError, match="MiB are needed"):
        check_room(tmp_path, 1 << 60)
