"""The supervisor with real processes: who dies, hangs or leaves is started again."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import PATIENCE_S, wait_for

from leukoscope_edge.errors import ConfigError
from leukoscope_edge.service.supervisor import (
    ServiceState,
    SignalledEnd,
    Supervisor,
    alone,
)

SERVICE = Path(__file__).with_name("scripted_service.py")


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError, IndexError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] != "Z"
    return False


@dataclass
class Service:
    folder: Path
    process: subprocess.Popen[bytes]

    def lives(self, name: str) -> list[tuple[int, str]]:
        """Each life so far: process number, and how it was started."""
        seen = self.folder / "lives"
        lines = seen.read_text().splitlines() if seen.exists() else []
        mine = [line.split() for line in lines if line.startswith(f"{name} ")]
        return [(int(pid), state) for _, pid, state in mine]

    def beats(self, name: str) -> dict[str, Any]:
        path = self.folder / "beats" / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else {"n_done": 0}


Start = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def started(listener: str = "", **script: Any) -> Service:
        folder = tmp_path / "run"
        folder.mkdir(mode=0o700, exist_ok=True)
        environment = os.environ | ({"NOTIFY_SOCKET": listener} if listener else {})
        command = [sys.executable, str(SERVICE), str(folder), json.dumps(script)]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        services.append(Service(folder, process))
        return services[-1]

    yield started
    for service in services:
        service.process.kill()
        service.process.wait()
        assert service.process.stderr is not None
        service.process.stderr.close()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd would hear."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(PATIENCE_S)
        yield heard


def hear(listener: socket.socket, word: str) -> None:
    while word not in listener.recv(1000).decode():
        pass


def is_silent(listener: socket.socket, for_s: float) -> bool:
    listener.settimeout(for_s)
    try:
        listener.recv(1000)
    except TimeoutError:
        return True
    finally:
        listener.settimeout(PATIENCE_S)
    return False


@pytest.mark.parametrize("word", ["die", "hang", "leave"])
def test_a_part_that_fails_is_started_again_and_the_other_is_left_alone(
    start: Start, word: str
) -> None:
    service = start(parts={"page": ["good"], "count": [word, "good"]})
    wait_for(lambda: len(service.lives("count")) == 2)
    wait_for(lambda: service.beats("count")["n_done"] > 5)
    assert len(service.lives("page")) == 1
    assert service.process.poll() is None


def test_a_stopped_process_is_seen_by_its_beat(start: Start) -> None:
    service = start(parts={"page": ["good"], "count": ["good"]})
    wait_for(lambda: service.beats("count")["n_done"] > 3)
    ((pid, _),) = service.lives("count")
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: len(service.lives("count")) == 2)
    assert not is_alive(pid)


def test_one_that_never_beats_is_given_up(start: Start) -> None:
    service = start(parts={"page": ["silent", "good"]}, start_s=4.0)
    wait_for(lambda: service.beats("page")["n_done"] > 3)
    assert len(service.lives("page")) == 2


def test_the_next_waits_for_the_first_beat_of_the_one_before(start: Start) -> None:
    service = start(parts={"page": ["silent"], "count": ["good"]}, start_s=60.0)
    wait_for(lambda: service.lives("page"))
    time.sleep(0.5)
    assert service.lives("count") == []


def test_failures_climb_to_the_cpu_and_then_to_the_safe_state(start: Start) -> None:
    service = start(parts={"page": ["good"], "count": ["die"] * 6 + ["good"]})
    wait_for(lambda: service.beats("count").get("facts") == {"word": "good"})
    wait_for(lambda: len(service.lives("page")) == 2)  # both start anew, in any order
    ways = [state for _, state in service.lives("count")]
    assert ways == ["all"] * 4 + ["cpu"] * 2 + ["safe"]
    assert [state for _, state in service.lives("page")] == ["all", "safe"]
    told = service.folder / "told"
    wait_for(lambda: "call service" in told.read_text())


def test_under_systemd_it_ends_for_a_new_start_and_then_for_a_reboot(
    start: Start, listener: socket.socket
) -> None:
    statuses = []
    for _ in range(3):
        service = start(
            listener=listener.getsockname(), parts={"page": ["good"], "count": ["die"]}
        )
        statuses.append(service.process.wait(PATIENCE_S))
    assert statuses == [1, 1, 75]


def test_it_is_ready_when_every_part_works_and_the_dog_is_fed(
    start: Start, listener: socket.socket
) -> None:
    service = start(
        listener=listener.getsockname(), parts={"page": ["good"], "count": ["good"]}
    )
    hear(listener, "READY=1")
    assert service.beats("count")["n_done"] > 0
    hear(listener, "WATCHDOG=1")
    hear(listener, "STATUS=page 0 restarts, count 0 restarts")


def test_a_supervisor_that_stands_still_feeds_no_dog_and_then_judges_nobody(
    start: Start, listener: socket.socket
) -> None:
    service = start(
        listener=listener.getsockname(), parts={"page": ["good"], "count": ["good"]}
    )
    hear(listener, "READY=1")
    hear(listener, "WATCHDOG=1")
    time.sleep(0.03)  # within its pause, not within its turn
    pids = [service.lives(name)[0][0] for name in ("page", "count")]
    for pid in (service.process.pid, *pids):  # as when a laptop's lid is closed
        os.kill(pid, signal.SIGSTOP)
    listener.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            listener.recv(1000)
    assert is_silent(listener, 2.5)
    os.kill(service.process.pid, signal.SIGCONT)
    for _ in range(2):
        hear(listener, "WATCHDOG=1")
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    time.sleep(0.5)
    assert all(is_alive(pid) for pid in pids)


def test_what_a_dead_part_leaves_behind_is_ended(start: Start) -> None:
    service = start(parts={"count": ["litter", "good"]})
    wait_for(lambda: len(service.lives("count")) == 2)
    helper = int((service.folder / "litter").read_text())
    wait_for(lambda: not is_alive(helper))


@pytest.mark.parametrize("word", ["good", "deaf"])
def test_told_to_end_it_takes_all_with_it(start: Start, word: str) -> None:
    service = start(parts={"page": [word], "count": [word]})
    wait_for(lambda: service.beats("count")["n_done"] > 3)
    service.process.terminate()
    assert service.process.wait(PATIENCE_S) == 0
    assert not any(is_alive(service.lives(n)[0][0]) for n in ("page", "count"))
    assert not (service.folder / "beats").exists()


def test_a_signal_at_any_moment_of_the_wait_ends_it() -> None:
    def signal_at_each_line(*_: object) -> Any:
        ends.set()  # as a handler does, in the thread that waits
        return signal_at_each_line

    def wait_through_signals() -> None:
        sys.settrace(signal_at_each_line)
        waited.append(ends.wait(PATIENCE_S))

    ends, waited = SignalledEnd(), list[bool]()
    waiting = threading.Thread(target=wait_through_signals, daemon=True)
    waiting.start()
    waiting.join(PATIENCE_S)
    assert waited == [True], "it waits for itself"


def test_a_terminal_that_is_closed_ends_it_in_order(start: Start) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # it inherits what is ignored
    try:
        service = start(parts={"page": ["good"], "count": ["good"]})
        wait_for(lambda: service.beats("count")["n_done"] > 3)
        service.process.send_signal(signal.SIGHUP)
        assert service.process.wait(PATIENCE_S) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_killed_it_takes_all_with_it(start: Start) -> None:
    service = start(parts={"page": ["good"], "count": ["deaf"]})
    wait_for(lambda: service.beats("count")["n_done"] > 3)
    service.process.kill()
    for name in ("page", "count"):
        ((pid, _),) = service.lives(name)
        wait_for(lambda pid=pid: not is_alive(pid))


def test_figures_that_cannot_be_written_end_nobody(start: Start) -> None:
    service = start(parts={"page": ["good"]}, tell_fails=True)
    wait_for(lambda: service.beats("page")["n_done"] > 30)
    assert service.process.poll() is None
    assert len(service.lives("page")) == 1


def test_a_part_that_cannot_be_started_is_tried_again(start: Start) -> None:
    service = start(parts={"page": ["good"]}, n_missing=2)
    wait_for(lambda: service.beats("page")["n_done"] > 3)
    assert service.process.poll() is None


def test_one_folder_by_two_ways_is_one_service(tmp_path: Path) -> None:
    """As by a bind mount: another name, the same folder."""
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    other.symlink_to(data)
    with (
        alone(data, ".service"),
        pytest.raises(ConfigError, match="already runs"),
        alone(other, ".service"),
    ):
        pass


ALONE = """
import sys
from pathlib import Path
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.service.supervisor import alone
try:
    with alone(Path(sys.argv[1]), ".service"):
        print("alone")
except ConfigError as err:
    print(err)
"""


def test_one_folder_by_a_bind_mount_is_one_service(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    other.mkdir()
    bound = 'mount --bind "$1" "$2" && exec "$3" -c "$4" "$2"'
    command = ["unshare", "--mount", "/bin/sh", "-c", bound, "sh", str(data)]
    command += [str(other), sys.executable, ALONE]

    def second() -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip("no mounts can be made here")
        return done.stdout

    assert second() == "alone\n"
    with alone(data, ".service"):
        assert "already runs" in second()


def test_two_services_on_the_same_records_are_refused(start: Start) -> None:
    first = start(parts={"page": ["good"]})
    wait_for(lambda: first.beats("page")["n_done"] > 3)
    second = start(parts={"page": ["good"]})
    assert second.process.wait(PATIENCE_S) == 1
    assert second.process.stderr is not None
    assert b"already runs" in second.process.stderr.read()
    assert len(first.lives("page")) == 1


def test_neither_the_kernel_s_table_nor_ours_fills_up(start: Start) -> None:
    limits = {"within_s": 0.0, "first_pause_s": 0.0}
    service = start(parts={"count": ["litter"]}, limits=limits)
    wait_for(lambda: len(service.lives("count")) > 3)
    descriptors = Path(f"/proc/{service.process.pid}/fd")
    n_before = len(list(descriptors.iterdir()))
    wait_for(lambda: len(service.lives("count")) > 12)
    assert len(list(descriptors.iterdir())) <= n_before + 1
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    assert len(children.read_text().split()) <= 3


class CountsWork:
    """A policy that counts how often it is told of good work."""

    n_works = 0

    def works(self, now_s: float) -> None:
        self.n_works += 1


@pytest.mark.parametrize(("safe", "n_works"), [("", 1), ("the page is dead", 0)])
def test_to_screen_nothing_is_no_good_work(
    tmp_path: Path, safe: str, n_works: int
) -> None:
    policy = CountsWork()
    supervisor = Supervisor(
        parts=[],
        folder=tmp_path,
        policy=policy,  # type: ignore[arg-type]
        tell=lambda _: None,
        state=ServiceState(safe=safe),
    )
    supervisor._report(now_s=100.0)
    assert policy.n_works == n_works
