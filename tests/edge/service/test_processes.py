"""What the kernel and the C library are told and asked of our processes."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from leukoscope_edge.isolated import command_of
from leukoscope_edge.service import processes

ARENAS = """
import ctypes, sys, threading
from leukoscope_edge.service.processes import share_arenas
if sys.argv[1] == "shared":
    share_arenas()
libc, n = ctypes.CDLL(None), 6
libc.malloc.restype, libc.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
all_in = threading.Barrier(n + 1)
def take():
    libc.malloc(100_000)
    all_in.wait()
    all_in.wait()
threads = [threading.Thread(target=take, daemon=True) for _ in range(n)]
for thread in threads:
    thread.start()
all_in.wait()
to = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, to)
libc.fclose(to)
all_in.wait()
"""


@pytest.mark.parametrize(("way", "is_few"), [("shared", True), ("alone", False)])
def test_threads_share_two_arenas_where_told_to(
    tmp_path: Path, way: str, is_few: bool
) -> None:
    told = tmp_path / "malloc.xml"
    subprocess.run([sys.executable, "-c", ARENAS, way, str(told)], check=True)
    n_arenas = told.read_text().count("<heap nr=")
    assert (n_arenas <= processes.N_ARENAS) == is_few


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (processes.CAMERA_MODULE, "camera"),
        (processes.TENSORRT_MODULE, "tensorrt"),
        ("leukoscope_edge.capture.stored.decoder_process", "helper"),
    ],
)
def test_a_child_is_named_by_the_module_that_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    assert importlib.util.find_spec(module) is not None
    line = "\0".join(command_of(module, "7")).encode()
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "cmdline").write_bytes(line)
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert processes.name_of(12) == name
    assert processes.name_of(13) == "gone"
