"""What the kernel and the C library are told and asked of our processes."""

import ctypes
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

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
def test_threads_share_an_arena_where_told_to(
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


US = 20


def put(proc: Path, pid: int, parent: int, state: str = "S") -> None:
    """Write down a process as proc(5) does, under a name that would mislead."""
    fields = ["0"] * 50
    fields[0], fields[1] = state, str(parent)
    fields[11], fields[12], fields[17], fields[21] = "300", "50", "4", "7"
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    (folder / "fd" / "0").touch()
    (folder / "stat").write_text(f"{pid} (a) Z 1 (b) {' '.join(fields)}")


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of processes that this one is in, with two of its own and a stranger."""
    (tmp_path / "self").mkdir()
    monkeypatch.setattr(os, "getpid", lambda: US)
    for pid, parent in ((US, 1), (21, US), (22, US), (31, 21), (32, 31), (91, 1)):
        put(tmp_path, pid, parent)
    put(tmp_path, 23, US, "Z")
    put(tmp_path, 92, 1, "Z")
    monkeypatch.setattr(processes, "PROC", tmp_path)
    return tmp_path


def test_a_process_is_read_by_the_fields_of_its_table(proc: Path) -> None:
    assert processes.read_process(31) == processes.Process(
        pid=31,
        parent=21,
        cpu_s=350 / processes.TICKS_PER_S,
        rss_bytes=7 * processes.PAGE_BYTES,
        n_threads=4,
        n_descriptors=1,
    )


@pytest.mark.parametrize("text", ["", "7 (short) S 1", "7 (x) S one " + "0 " * 40])
def test_of_the_dead_and_of_nobody_nothing_is_read(proc: Path, text: str) -> None:
    assert processes.read_process(23) is None
    assert processes.read_process(1234) is None
    (proc / "91" / "stat").write_text(text)
    assert processes.read_process(91) is None


def test_a_family_is_a_process_and_all_below_it(proc: Path) -> None:
    assert [p.pid for p in processes.family(21)] == [21, 31, 32]
    assert processes.family(1234) == []


def test_only_children_that_we_did_not_start_are_ended(
    proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    for kill in ("kill", "killpg"):
        monkeypatch.setattr(os, kill, lambda pid, _: ended.append(pid))
    processes.end_orphans({21})
    assert ended == [22, 22]


def test_only_dead_children_that_we_did_not_start_are_let_go(
    proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(proc, 24, US, "Z")
    gone: list[int] = []
    monkeypatch.setattr(os, "waitpid", lambda pid, _: gone.append(pid))
    processes.reap({24})
    assert gone == [23]


def test_the_child_of_a_dead_parent_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(prctl=print))
    processes.die_with_parent(os.getppid())
    assert left == []
    processes.die_with_parent(os.getppid() + 1)
    assert left == [1]


def test_orphans_come_to_us(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, ...]] = []
    library = SimpleNamespace(prctl=lambda *words: told.append(words))
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    processes.adopt_orphans()
    assert told == [(processes.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)]
    assert (processes.PR_SET_PDEATHSIG, processes.PR_SET_CHILD_SUBREAPER) == (1, 36)


NICENESS = """
import os, sys, threading
from leukoscope_edge.service.processes import yield_thread
def work():
    yield_thread(10)
    print(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
os.nice(int(sys.argv[1]) - os.getpriority(os.PRIO_PROCESS, 0))
if os.geteuid() == 0:
    os.setuid(65534)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


@pytest.mark.parametrize(("before", "after"), [(5, 10), (10, 10), (19, 19)])
def test_a_thread_that_yields_takes_no_niceness_back(before: int, after: int) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    if own > before and os.geteuid() != 0:
        before = own
        after = max(after, own)
    command = [sys.executable, "-c", NICENESS, str(before)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == (str(after), "")
