"""Plans in the cache: found under the very key, whole, in a folder of one's own."""

import dataclasses
import json
import platform
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.nvidia import Form
from leukoscope_edge.inference.nvidia.gpu import Gpu
from leukoscope_edge.inference.nvidia.tensorrt_plan import (
    PlanKey,
    key_for,
    own_folder,
    read_cached,
    write_cached,
)

GPU = Gpu(name="Orin", capability=(8, 7), n_multiprocessors=8, driver=12040)
TRT: Any = SimpleNamespace(__version__="10.3.0")


def key(**changes: Any) -> PlanKey:
    found = key_for("tensorrt", TRT, Form(precision="int8", model=b"onnx"), GPU)
    return dataclasses.replace(found, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_sha256": "1" * 64},
        {"precision": "fp16"},
        {"runtime": "tensorrt-rtx"},
        {"version": "10.3.1"},
        {"gpu": dataclasses.replace(GPU, driver=12050)},
        {"l4t": "# R36 (release)"},
        {"machine": "another"},
        {"batches": (1, 8, 16)},
        {"workspace_bytes": 1},
    ],
)
def test_a_plan_is_found_under_no_other_key(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    write_cached(tmp_path, key(), b"plan")
    assert read_cached(tmp_path, key()) == b"plan"
    assert read_cached(tmp_path, key(**changes)) is None


def test_the_key_is_of_this_machine_and_of_the_models_bytes() -> None:
    found = key()
    assert found.machine == platform.machine()
    assert found.version == "10.3.0"
    other = key_for("tensorrt", TRT, Form(precision="int8", model=b"other"), GPU)
    assert other.digest() != found.digest()


def test_what_was_written_last_counts_and_says_what_it_is_for(tmp_path: Path) -> None:
    write_cached(tmp_path, key(), b"plan")
    write_cached(tmp_path, key(), b"a newer plan")
    assert read_cached(tmp_path, key()) == b"a newer plan"
    (note,) = tmp_path.glob("*.json")
    assert json.loads(note.read_text())["key"]["gpu"]["name"] == "Orin"


@pytest.mark.parametrize("suffix", [".plan", ".json"])
@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"spoilt", b"[" * 100_000, None])
def test_a_damaged_plan_or_note_is_no_plan(
    tmp_path: Path, suffix: str, data: bytes | None
) -> None:
    write_cached(tmp_path, key(), b"plan")
    (path,) = tmp_path.glob(f"*{suffix}")
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    assert read_cached(tmp_path, key()) is None


def test_a_cache_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "plans"
    own_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    own_folder(folder)


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_cache_that_others_can_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "plans"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(EngineFault, match="others can write here"):
        own_folder(folder)


def test_a_cache_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineFault, match="cannot be made"):
        own_folder(tmp_path / "file" / "plans")
