"""The child process that a new model must survive, and the comparison after it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.edge.records.bench import KEPT_CELL, make_set_up
from tests.edge.updates.outcomes import MakeDevice, active_of, code_of
from tests.red_bundle import red_model

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.errors import UpdateError
from leukoscope_edge.inference import (
    KindsEntry,
    OnnxCpuEngine,
    open_bundle,
    read_card,
    shipped_bundle_for,
    shipped_bundles,
)
from leukoscope_edge.messages import message
from leukoscope_edge.records.slides import (
    ArchivedCell,
    CellRecord,
    SlideRecord,
    SlideState,
)
from leukoscope_edge.sample import SIMULATED_SAMPLE, SampleType
from leukoscope_edge.types import Call, CallName
from leukoscope_edge.updates import Shadow, history, install
from leukoscope_edge.updates.comparison import compare
from leukoscope_edge.updates.trial import run_trial

SIDE_PX = 32


def replace_model(folder: Path, model: bytes) -> Path:
    card = folder / "card.toml"
    old = hashlib.sha256((folder / "model.cpu.onnx").read_bytes()).hexdigest()
    card.write_text(card.read_text().replace(old, hashlib.sha256(model).hexdigest()))
    (folder / "model.cpu.onnx").write_bytes(model)
    return folder


def test_an_honest_model_passes_in_a_child(bundle_folder: Path) -> None:
    (report,) = run_trial(bundle_folder)
    assert report.engine.startswith("onnxruntime-cpu")
    assert (report.n_cells, report.n_blast) == (2, 1)


@pytest.mark.parametrize("name", sorted(shipped_bundles()))
def test_what_is_shipped_passes_too(name: str) -> None:
    assert run_trial(shipped_bundles()[name])[0].n_cells > 0


@pytest.mark.parametrize("gain", [-8.0, 0.0, 7.0, float("nan"), float("inf")])
def test_a_model_with_other_answers_fails(bundle_folder: Path, gain: float) -> None:
    replace_model(bundle_folder, red_model(gain=gain))
    with pytest.raises(UpdateError, match="U11"):
        run_trial(bundle_folder)


@pytest.mark.parametrize("model", [b"", b"junk", bytes(1000)])
def test_what_is_no_model_fails_in_words(bundle_folder: Path, model: bytes) -> None:
    replace_model(bundle_folder, model)
    with pytest.raises(UpdateError, match="U11"):
        run_trial(bundle_folder)


def test_a_model_that_asks_for_all_memory_fails_without_harm(
    bundle_folder: Path, tmp_path: Path
) -> None:
    """75 bytes that expand to 64 GiB; the limits of the child hold."""
    replace_model(bundle_folder, greedy_model_bytes())
    with pytest.raises(UpdateError, match="U11"):
        run_trial(bundle_folder)


def greedy_model_bytes() -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    shape = numpy_helper.from_array(np.array([1 << 34, 1], np.int64), "shape")
    zero = numpy_helper.from_array(np.zeros((1, 2), np.float32), "zero")
    pool = helper.make_node("GlobalAveragePool", ["input"], ["pooled"])
    nodes = [
        pool,
        helper.make_node("Expand", ["zero", "shape"], ["big"]),
        helper.make_node("ReduceMean", ["big"], ["logits"], axes=[0], keepdims=1),
    ]
    ports = [("input", ["n", 3, SIDE_PX, SIDE_PX]), ("logits", [1, 2])]
    inputs, outputs = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
        for name, dims in ports
    )
    graph = helper.make_graph(nodes, "greedy", [inputs], [outputs], [shape, zero])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("import os; os.abort()", "crashed \\(SIGABRT\\)"),
        ("import sys; sys.exit('no')", "no"),
        ("import time; time.sleep(60)", "no answer in 1 seconds"),
    ],
)
def test_a_child_that_dies_or_hangs_is_u11(
    tmp_path: Path,
    bundle_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    words: str,
) -> None:
    """A stand-in for the interpreter does what a broken runtime would."""
    import sys

    from leukoscope_edge.updates import trial

    fake = tmp_path / "python"
    fake.write_text(f"#!{sys.executable}\n{body}\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    monkeypatch.setitem(trial.TIME_LIMITS_S, "cpu", 1)
    with pytest.raises(UpdateError, match=words):
        run_trial(bundle_folder)


def test_a_signed_model_that_fails_is_not_installed(
    make_device: MakeDevice, publisher: Any, bundle_folder: Path
) -> None:
    device = make_device(try_model=run_trial)
    install(device, publisher.release(1).stick)
    folder = replace_model(bundle_folder, red_model(gain=1.0))
    publisher.bundle = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert code_of(lambda: install(device, publisher.release(2).stick)) == "U11"
    assert active_of(device) == "0.1"


def judged_by(folder: Path, cells: list[ArchivedCell]) -> list[ArchivedCell]:
    """Return the cells as called by the model in a folder."""
    sha256 = read_card(folder).model_cpu.sha256
    return [
        replace(
            c,
            record=replace(
                c.record, origin=replace(c.record.origin, bundle_sha256=sha256)
            ),
        )
        for c in cells
    ]


def kept_cell(number: int, call: str) -> CellRecord:
    return replace(KEPT_CELL, id=str(number), call=CallName(call), p_blast=0.5)


def slide(name: str, n_red: int, call: str) -> list[ArchivedCell]:
    """A slide of 60 cells: red ones, called as said, among dark ones called normal."""
    calls = [call] * n_red + ["normal"] * (60 - n_red)
    kept = [kept_cell(i, c) for i, c in enumerate(calls, start=1)]
    record = SlideRecord(
        id=name,
        sealed="",
        mode="slide",
        domain="simulated",
        origin=replace(
            make_set_up().origin,
            bundle="of another model",
            bundle_sha256="of another model",
        ),
        details={},
        consents_to_training=False,
        started_at="2026-11-01T00:00:00+00:00",
        by="ann",
        state=SlideState.REVIEW,
        facts=SIMULATED_SAMPLE,
        machine_cells={c.id: c for c in kept},
    )
    return [archived(record, c, red=255 * (i < n_red)) for i, c in enumerate(kept)]


def archived(record: SlideRecord, kept: CellRecord, *, red: int) -> ArchivedCell:
    crops = np.zeros((1, SIDE_PX, SIDE_PX, 3), np.uint8)
    crops[..., 0] = red
    then = Call(name=kept.call or CallName.UNCLEAR, p_blast=0.5)
    return ArchivedCell(record=record, cell=kept, then=then, crops=crops)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([], (0, 0, ())),
        (slide("1", 30, "blast"), (60, 0, ())),
        (slide("1", 1, "normal"), (60, 1, ())),
        (slide("1", 30, "normal") + slide("2", 30, "blast"), (120, 30, ("1",))),
    ],
)
def test_changes_of_calls_and_of_verdicts_are_counted(
    bundle_folder: Path, cells: list[ArchivedCell], expected: tuple[Any, ...]
) -> None:
    bundle = open_bundle(bundle_folder)
    with OnnxCpuEngine(bundle) as engine:
        others = compare(cells, engine, bundle.card, bundle.card)
        own = judged_by(bundle_folder, cells)
        shadow = compare(own, engine, bundle.card, bundle.card)
    assert others == Shadow()
    assert (shadow.n_cells, shadow.n_changed, shadow.slides) == expected


@pytest.mark.parametrize(("scale", "off_scale"), [(None, False), (0.1, True)])
def test_calls_that_were_withheld_for_their_scale_are_compared_with_nothing(
    bundle_folder: Path, *, scale: float | None, off_scale: bool
) -> None:
    bundle = open_bundle(bundle_folder)
    cells = [
        replace(
            cell,
            cell=replace(cell.cell, is_off_scale=off_scale),
            then=replace(cell.then, name=CallName.UNCLEAR),
            record=replace(
                cell.record, origin=replace(cell.record.origin, scale_um_per_px=scale)
            ),
        )
        for cell in judged_by(bundle_folder, slide("1", 2, "unclear"))
    ]
    with OnnxCpuEngine(bundle) as engine:
        assert compare(cells, engine, bundle.card, bundle.card) == Shadow()


class CallsPrecursors:
    """An engine whose every answer is a normal cell of the kind "precursor"."""

    name = "precursors"

    def run(self, crops: U8) -> F32:
        return np.tile(np.array([4, -4, -4, -3, 4], np.float32), (len(crops), 1))


@pytest.mark.parametrize(
    ("sample_type", "n_changed"), [(SampleType.MARROW, 0), (SampleType.BLOOD, 60)]
)
def test_old_cells_are_called_again_as_cells_of_their_sample(
    bundle_folder: Path, sample_type: SampleType, n_changed: int
) -> None:
    kinds = KindsEntry(
        names=("blast", "lymphocyte", "precursor"), blast="blast", precursor="precursor"
    )
    card = replace(open_bundle(bundle_folder).card, kinds=kinds)
    facts = replace(SIMULATED_SAMPLE, sample_type=sample_type)
    cells = [
        replace(cell, record=replace(cell.record, facts=facts))
        for cell in judged_by(bundle_folder, slide("1", 0, "normal"))
    ]
    shadow = compare(cells, CallsPrecursors(), card, card)
    assert (shadow.n_cells, shadow.n_changed) == (60, n_changed)


@pytest.mark.parametrize(
    ("shadow", "needs", "words"),
    [
        (Shadow(), True, "no old cells"),
        (Shadow(n_cells=640), False, "0 of 640"),
        (
            Shadow(n_cells=640, n_changed=12, slides=("a", "b", "c")),
            True,
            "12 of 640 old cells change call, 3 slides change verdict.",
        ),
        (
            Shadow(n_cells=25, n_changed=6, slides=("a",)),
            True,
            "6 of 25 old cells change call, 1 slide changes verdict.",
        ),
        (Shadow(why_not=message("test")), True, "be compared: it is a test."),
    ],
)
def test_the_sentence_and_whether_a_person_must_accept(
    shadow: Shadow, needs: bool, words: str
) -> None:
    assert shadow.needs_acceptance == needs
    assert words in shadow.told.said()


def test_a_change_is_accepted_by_name_or_not_at_all(
    make_device: MakeDevice, publisher: Any, bundle_folder: Path
) -> None:
    cells = judged_by(bundle_folder, slide("0007", 30, "normal"))
    install(make_device(), publisher.release(1).stick)
    stick = publisher.release(2).stick
    alone = make_device(cells=cells)
    assert code_of(lambda: install(alone, stick)) == "U17"
    assert active_of(alone) == "0.1"
    shown: list[Shadow] = []

    def accept(shadow: Shadow) -> str:
        shown.append(shadow)
        return "Ada Lovelace"

    installed = install(make_device(cells=cells, accept=accept), stick)
    assert installed.accepted_by == "Ada Lovelace"
    assert shown[0].slides == ("0007",)
    assert active_of(alone) == "0.2"
    assert "Accepted by Ada Lovelace" in history(alone.data)[-1].note


def test_a_model_that_wants_other_crops_needs_a_person(
    make_device: MakeDevice, publisher: Any
) -> None:
    """The shipped model's cells are 128 pixels wide, the test's 32."""
    shipped = shipped_bundle_for("real")
    assert read_card(shipped).input.side_px != SIDE_PX
    device = make_device(cells=judged_by(shipped, slide("1", 1, "blast")))
    assert code_of(lambda: install(device, publisher.release(1).stick)) == "U17"
    assert "cut in another way" in json.dumps([e.note for e in history(device.data)])


def test_a_model_that_is_too_slow_for_a_moving_hand_is_refused(
    bundle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leukoscope_edge.updates.trial.MAX_S_PER_CELL", 1e-9)
    with pytest.raises(UpdateError, match=r"U11.*too slow on onnxruntime-cpu"):
        run_trial(bundle_folder)


def test_an_id_that_is_here_with_another_card_is_refused(
    make_device: MakeDevice, publisher: Any
) -> None:
    """The same weights under other operating points would judge old slides anew."""
    device = make_device()
    install(device, publisher.release(1, id="red-1").stick)

    def harsher(card: bytes) -> bytes:
        return card.replace(b"blast_from = 0.6", b"blast_from = 0.9")

    again = publisher.release(2, id="red-1", card=harsher).stick
    assert code_of(lambda: install(device, again)) == "U11"
    assert "an id of its own" in history(device.data)[-1].note
