"""The tools for engineers run and give what they promise; no figure is judged."""

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.tools.in_process import called

from leukoscope_edge.inference import shipped_bundles

TOOLS = Path(__file__).parents[2] / "tools"


def run_json(tool: str, *arguments: str) -> Any:
    command = [sys.executable, str(TOOLS / tool), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_classifiers_are_timed_against_each_other_and_the_limit() -> None:
    few = ("--models", "alexnet-tiny", "--sides", "32", "--batches", "2")
    found = run_json("bench_classifiers.py", *few, "--rounds", "1", "--threads", "1")
    runtimes = [row["runtime"] for row in found["rows"]]
    assert sorted(runtimes) == ["leukoscope", "onnxruntime", "openvino", "torch eager"]
    for row in found["rows"]:
        assert row.keys() >= {
            "model",
            "runtime",
            "precision",
            "batch",
            "threads",
            "median_ms",
            "ratio_to_ort_fp32",
        }
        assert row["median_ms"] > 0
    reference = found["rows"][runtimes.index("onnxruntime")]
    assert reference["ratio_to_ort_fp32"] == 1
    assert found["limit"]["int8_gmac_per_s"] > 0
    for row in found["rows"]:
        for clock in ("wall_ms", "cpu_ms"):
            assert row[clock]["low"] <= row[clock]["median"] <= row[clock]["high"]
    assert is_said(found["machine"])


def is_said(machine: str) -> bool:
    """Whether a benchmark says if its figures count; which, the machine decides."""
    return machine == "quiet" or machine.startswith("not quiet: figures do not count (")


def test_processor_time_of_many_threads_is_refused_as_a_latency() -> None:
    tool = TOOLS / "bench_classifiers.py"
    done = called(tool, "--clock", "cpu", "--threads", "2")
    assert done.returncode == 2
    assert "needs --threads 1" in done.stderr


def test_a_step_of_training_is_timed() -> None:
    few = ("alexnet-tiny", "--side-px", "24", "--batch", "4", "--seconds", "0.01")
    [row] = run_json("bench_training.py", *few, "--plain")
    assert row["step_ms"] > 0
    assert row["vary_ms"] > 0


def test_a_growing_slide_is_timed_beside_fresh_ones() -> None:
    few = ("--areas", "2", "--cells", "12", "--frames", "20")
    found = run_json("bench_growth.py", *few)
    first, second = found["areas"]
    assert (first["n_frames"], second["n_frames"]) == (20, 40)
    assert 0 < first["n_cells"] < second["n_cells"]
    for row in found["areas"]:
        assert min(row["grown_ms"], row["alone_ms"], row["ratio"]) > 0
    assert (found["first_ratio"], found["last_ratio"]) == (
        first["ratio"],
        second["ratio"],
    )


def test_shipped_models_give_here_what_they_gave_the_exporter() -> None:
    for row in run_json("same_answers.py"):
        assert row["unsaturated"] <= row["allowed"] < 0.5


def test_every_stage_and_layer_of_a_frame_is_timed(tmp_path: Path) -> None:
    few = ("simulated:seed=5", "--frames", "8", "--threads", "1")
    found = run_json("profile_latency.py", *few, "--out", str(tmp_path))
    stages = [row["stage"] for row in found["stages"]]
    road = ["capture", "quality", "motion", "plan", "segmentation", "cells"]
    assert stages[:6] == road
    assert {"following", "preprocessing", "network", "post-processing"} <= set(stages)
    n_times = {row["stage"]: row["n"] for row in found["stages"]}
    assert n_times["plan"] == n_times["motion"] == 8
    assert 1 <= n_times["segmentation"] < 8
    assert sum(row["share"] for row in found["stages"]) == pytest.approx(1, abs=0.01)
    for row in found["stages"]:
        assert row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"]
    assert found["layers"][0]["mean_ms"] >= found["layers"][-1]["mean_ms"]
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".json", ".svg", ".txt"]


def test_a_running_count_is_timed_by_step_and_counts_the_same_ahead() -> None:
    few = ("simulated:seed=5,cells=4", "--frames", "6", "--rounds", "1")
    found = run_json("bench_live.py", *few)
    assert found["same"]
    assert found["n_cells"] > 0
    assert {row["step"] for row in found["steps_ms"]} >= {
        "capture",
        "registration",
        "gate",
        "segmentation",
        "classification",
        "record",
    }
    assert [row["at_once"] for row in found["ahead"]] == [1, 2]
    for row in found["ahead"]:
        assert row["wall_ms"]["low"] <= row["ms_a_frame"] <= row["wall_ms"]["high"]
        assert row["cpu_ms"]["median"] > 0
    assert is_said(found["machine"])


COUNTS = {1: 9_000_000, 2: 15_000_000}
"""Of one walk and of two: a walk's own are the difference."""
PERF = """#!{python}
import sys
n = {counts}[int(sys.argv[sys.argv.index("--walks") + 1])]
sys.stderr.write(f"a warning\\n{{n}},,instructions:u,1000,100.00,,\\n")
"""
NO_COUNTERS = """#!{python}
import sys
sys.stderr.write("<not supported>,,instructions:u,0,100.00,,\\n")
"""
CALLGRIND = """#!{python}
import sys
n = {counts}[int(sys.argv[sys.argv.index("--walks") + 1])]
sys.stderr.write(f"==7== Callgrind\\n==7== Collected : {{n}}\\n==7==\\n")
"""


@pytest.mark.parametrize(
    ("programs", "by"),
    [
        ({"perf": PERF, "valgrind": CALLGRIND}, "perf stat"),
        ({"perf": NO_COUNTERS, "valgrind": CALLGRIND}, "callgrind"),
        ({"valgrind": CALLGRIND}, "callgrind"),
        ({"perf": NO_COUNTERS}, ""),
        ({}, ""),
    ],
)
def test_instructions_are_counted_by_what_the_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: dict[str, str], by: str
) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    bench = importlib.import_module("bench_live")
    for name, text in programs.items():
        program = tmp_path / name
        program.write_text(text.format(python=sys.executable, counts=COUNTS))
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    options = argparse.Namespace(
        source="simulated",
        frames=3,
        segmenter="thresholds",
        um_per_px=None,
        every_frame=False,
    )
    if not by:
        with pytest.raises(SystemExit, match="counts instructions here"):
            bench._instructions(options, 3)
        return
    found = bench._instructions(options, 3)
    assert found == {"by": by, "millions_a_frame": 2.0}


SHIPPED_PAIR = ("--bundle", str(shipped_bundles()["kinds-pair-6"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "pair", [SHIPPED_PAIR, pytest.param((), marks=pytest.mark.nightly)]
)
def test_a_slide_is_raced_against_a_plain_pipeline(pair: tuple[str, ...]) -> None:
    few = ("--cells", "8", "--frames", "3", "--plain-every", "2")
    few += ("--rounds", "1", "--threads", "1", "--clock", "cpu", "--road-rounds", "1")
    few += ("--starts", "1", "--memory-frames", "2")
    found = run_json("bench_slide.py", *pair, *few)
    assert found["ratio"] == found["ratios"]["cpu"]["median"] > 0
    assert found["ratios"]["wall"]["low"] <= found["ratios"]["wall"]["high"]
    assert found["ours_frame_ms"]["cpu"]["median"] > 0
    one = found["one_frame_cpu_ms"]
    assert 0 < one["p50"] <= one["p90"]
    assert one["mean"] > 0
    assert found["n_rounds"] == 1
    assert is_said(found["machine"])
    assert found["n_frames"] == 3
    assert found["n_plain_frames"] == 2
    road = found["quick_road"]
    assert [row["passed_on"] for row in road] == sorted(r["passed_on"] for r in road)
    assert road[0]["gain"] > road[-1]["gain"]
    assert 50 < found["peak_rss_mib"] < 2000
    assert found["start_cpu_s"] > 0
    assert found["start_to_first_call_s"] > 0
