"""What judges the cells stands in the slide, and when it changed and why."""

from dataclasses import replace

import pytest
from tests.edge.live.test_found_by import N_FRAMES, SLIDE
from tests.edge.live.whole_count import obeyed, to_the_end
from tests.edge.web.stand_ins import NAME, PROFILE, fill_slide

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.inference import OnnxCpuEngine
from leukoscope_edge.records.slides import SlideRecord
from leukoscope_edge.web.device import Device

GPU, CPU, WHY = "tensorrt 10.3 int8", "onnxruntime-cpu", "the GPU stopped answering"


class Changing:
    """The CPU's engine under a GPU's name, until it has judged so many cells."""

    is_accelerated = False

    def __init__(self, engine: OnnxCpuEngine, n_cells: int) -> None:
        self._engine, self._n_left = engine, n_cells

    @property
    def name(self) -> str:
        return GPU if self._n_left > 0 else CPU

    @property
    def fallback(self) -> str:
        return "" if self._n_left > 0 else WHY

    def run(self, crops: U8) -> F32:
        self._n_left -= len(crops)
        return self._engine.run(crops)


def count(device: Device, slide: str, n_cells: int) -> SlideRecord:
    profile = replace(PROFILE, camera=SLIDE)
    with OnnxCpuEngine(device.bundle, n_threads=1) as own:
        engine = Changing(own, n_cells)
        obeyed(device, profile, to_the_end(slide, N_FRAMES), engine=engine)
    return device.store.reader.slide(slide)


def test_the_slide_names_what_judges_it_and_not_what_the_page_runs_on(
    device: Device,
) -> None:
    record = count(device, fill_slide(device, is_finished=False), n_cells=1000)
    assert record.machine_cells
    assert (record.origin.engine, record.origin.fallback) == (GPU, "")
    assert record.notes == ()


def test_a_fallback_from_the_start_is_said_once(device: Device) -> None:
    record = count(device, fill_slide(device, is_finished=False), n_cells=0)
    assert (record.origin.engine, record.origin.fallback) == (CPU, WHY)
    assert record.notes == (f"the processor took over: {WHY}",)


def test_a_fallback_in_the_middle_is_said_when_it_comes(device: Device) -> None:
    record = count(device, fill_slide(device, is_finished=False), n_cells=3)
    assert record.notes == (f"the processor took over: {WHY}",)
    kinds = [e.kind for e in device.store.reader.events(record.id)]
    assert kinds.count("engine") == 2  # the GPU at the start, the CPU later
    assert "cells" in kinds[kinds.index("engine") :]
    assert record.tally.frames["screened"] >= N_FRAMES
    assert device.store.verify_audit() == []


@pytest.mark.parametrize(
    ("engine", "n_cells", "notes"),
    [
        (CPU, 0, []),  # as before the stop: nothing new to say
        (GPU, 1000, ["from cell 5 on, cells are judged by the accelerator"]),
    ],
)
def test_after_a_stop_only_a_change_is_said(
    device: Device, engine: str, n_cells: int, notes: list[str]
) -> None:
    slide = fill_slide(device, n_normal=4, is_finished=False)
    device.store.count.change_engine(slide, CPU, WHY)
    record = count(device, slide, n_cells)
    assert record.origin.engine == engine
    assert f"the processor took over: {WHY}" in record.notes
    assert [n for n in record.notes if "judged" in n] == notes
    assert len(record.notes) == 2 + len(notes)  # the stop, too
    assert NAME in {e.by for e in device.store.reader.events(slide)}
