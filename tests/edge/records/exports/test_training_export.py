"""What leaves for training: consented, signed, real, and naming nobody."""

import csv
from pathlib import Path
from typing import Any

from leukoscope_edge.records.exports import INTENDED_USE
from leukoscope_edge.records.exports.training_export import export_labelled


def test_only_consented_signed_and_real_cells_leave_for_training(
    bench: Any, tmp_path: Path
) -> None:
    chosen = bench.signed(consents=True, sample="CANARY")
    again = bench.signed(consents=True, sample="CANARY")
    bench.signed(consents=False)
    bench.finished(consents=True)
    bench.signed(consents=True, domain="simulated")
    withdrawn = bench.signed(consents=True)
    bench.store.review.set_consent(withdrawn, "ann", consents=False)
    erased = bench.signed(consents=True)
    bench.store.erase(erased, "request", "ann")
    folder = tmp_path / "crops"
    n = export_labelled(bench.store, folder, "ann")
    rows = list(csv.DictReader((folder / "labels.csv").read_text().splitlines()))
    assert n == len(rows) == 2 * 4 * 2
    assert {r["slide"] for r in rows} == {chosen, again}
    assert len({r["subject"] for r in rows}) == 1
    assert {r["label"] for r in rows} == {"blast", "normal"}
    assert sorted(r["file"] for r in rows) == sorted(
        p.name for p in folder.glob("*.png")
    )
    assert INTENDED_USE in (folder / "README.txt").read_text()
    assert INTENDED_USE in (folder / "labels.csv").read_text()
    assert b"CANARY" not in b"".join(p.read_bytes() for p in folder.iterdir())


def test_no_slide_gives_an_empty_table(bench: Any, tmp_path: Path) -> None:
    assert export_labelled(bench.store, tmp_path / "out", "ann") == 0
    assert INTENDED_USE in (tmp_path / "out" / "labels.csv").read_text()
