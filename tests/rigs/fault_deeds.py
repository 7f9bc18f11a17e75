"""What `faults.py` does to a running device, and what must always hold of it.

Each deed is done once to a `Rig`, and returns the seconds until the device was back at
work. It raises ViolationError where the device did what it never may.
"""

import contextlib
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
from tests.rigs.running_service import Device, wait_for

from leukoscope_edge.records import DATABASE_NAME, open_store
from leukoscope_edge.service import ALLOW_S, disk, run_folder
from leukoscope_edge.service.heartbeat import read_beat

SYSTEMD_S = 1.0
"""RestartSec= of `leukoscope.service`; this program stands in for systemd."""
BEATS_BYTES = 1 << 20
"""Of the memory that a service keeps its beats in, where a rig gives it its own."""
ELSEWHERE = "127.0.0.2"


class ViolationError(Exception):
    """The device did what it never may."""


class Rig:
    """A device that counts, and what must always hold of it."""

    def __init__(self, device: Device) -> None:
        """Start a slide."""
        self.device = device
        self.n_slides = 0
        self.slide = ""

    def count(self) -> None:
        """See that a slide is being counted: go on with it, or start the next."""
        mode = self.device.mode()
        if mode in ("paused", "counting") and self.slide:
            if mode == "paused":
                self.device.order(self.slide, "go-on")
        else:
            if mode == "ended":
                self.device.order(self.slide, "finish")
                wait_for(lambda: self.device.mode() == "finished")
            self.n_slides += 1
            self.slide = self.device.begin(f"S-{self.n_slides}")
        wait_for(lambda: self.device.mode() in ("counting", "ended"))

    def beats(self, part: str) -> tuple[int, int]:
        """Return who beat last and how often."""
        beat = read_beat(run_folder(self.device.data), part)
        return (beat.pid, beat.n_done) if beat else (0, 0)

    def cells(self) -> set[str]:
        """Return the cells of the slide that are in the records."""
        with open_store(self.device.data) as store:
            return set(store.reader.slide(self.slide).machine_cells)

    def check(self, before: set[str]) -> None:
        """Look for what may never be.

        Raises:
            ViolationError: It is.
        """
        with open_store(self.device.data) as store:
            record = store.reader.slide(self.slide)
            if lost := before - set(record.machine_cells):
                raise ViolationError(f"lost cells: {sorted(lost)}")
            places = [c.slide_px for c in record.machine_cells.values() if c.is_counted]
            if len(places) != len(set(places)):
                raise ViolationError("a cell is there twice")
            if record.machine is not None:
                raise ViolationError("a verdict that nobody asked for")
            if problems := store.verify_audit():
                raise ViolationError(f"the chain is broken: {problems[0]}")


def kill_count(rig: Rig) -> float:
    """Kill the counting process; it must take the slide up again."""
    return _end_count(rig, signal.SIGKILL)


def stop_count(rig: Rig) -> float:
    """Let the counting process stand still."""
    return _end_count(rig, signal.SIGSTOP)


def _end_count(rig: Rig, number: signal.Signals) -> float:
    rig.count()
    pid, before = rig.beats("count")[0], rig.cells()
    os.kill(pid, number)

    def is_back() -> bool:
        beat = read_beat(run_folder(rig.device.data), "count")
        is_new = beat is not None and beat.pid != pid
        modes = ("paused", "counting", "ended")
        return is_new and beat is not None and beat.facts.get("mode") in modes

    taken_s = wait_for(is_back)
    rig.check(before)
    return taken_s


def kill_page(rig: Rig) -> float:
    """Kill the page; the count must not notice."""
    return _end_page(rig, signal.SIGKILL)


def stop_page(rig: Rig) -> float:
    """Let the page stand still."""
    return _end_page(rig, signal.SIGSTOP)


def _end_page(rig: Rig, number: signal.Signals) -> float:
    rig.count()
    pid, before, counting = rig.beats("page")[0], rig.cells(), rig.beats("count")
    began_s = time.monotonic()
    os.kill(pid, number)
    wait_for(lambda: rig.beats("page")[0] != pid)
    wait_for(rig.device.answers)
    taken_s = time.monotonic() - began_s
    if rig.beats("count")[0] != counting[0] or rig.beats("count")[1] <= counting[1]:
        raise ViolationError("the count stopped with the page")
    rig.device.sign_in()
    rig.check(before)
    return taken_s


def kill_service(rig: Rig) -> float:
    """Kill the supervisor; everything goes with it, and systemd starts it again."""
    rig.count()
    before = rig.cells()
    began_s = time.monotonic()
    _systemd(rig.device, signal.SIGKILL)
    wait_for(rig.device.answers)
    taken_s = time.monotonic() - began_s
    rig.device.sign_in()
    rig.check(before)
    rig.device.order(rig.slide, "count")
    wait_for(lambda: rig.device.mode() in ("paused", "counting"))
    rig.check(before)
    return taken_s


def lose_page(rig: Rig) -> float:
    """Lose a page of the database with the power: it is mended, and nothing is lost."""
    rig.count()
    before, n_kept = rig.cells(), len(_damaged(rig.device))
    rig.device.end(signal.SIGKILL)
    time.sleep(SYSTEMD_S)
    with open_store(rig.device.data) as store:
        seq = store.log.head().seq  # closing it writes its journal back
    _spoil(rig.device.data / DATABASE_NAME, "event_of_slide")
    began_s = time.monotonic()
    rig.device.start()
    wait_for(rig.device.answers)
    taken_s = time.monotonic() - began_s
    if len(_damaged(rig.device)) != n_kept + 1:
        raise ViolationError("the damaged database was not put aside")
    rig.device.sign_in()
    rig.device.order(rig.slide, "count")
    wait_for(lambda: rig.device.mode() in ("paused", "counting", "ended"))
    rig.check(before)
    with open_store(rig.device.data) as store:
        if store.log.head().seq <= seq or not store.log.notes("recovered"):
            raise ViolationError("events were lost, or nobody says what became of them")
    return taken_s


def _damaged(device: Device) -> list[Path]:
    return list(device.data.glob("damaged-*"))


def _spoil(database: Path, name: str) -> None:
    """Fill the first page of a table or an index with noughts."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        ((page,),) = connection.execute(query, (name,)).fetchall()
        ((size,),) = connection.execute("PRAGMA page_size").fetchall()
    with database.open("rb+") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))


def _systemd(device: Device, number: signal.Signals) -> None:
    """End the service and start it anew, as systemd would."""
    device.end(number)
    time.sleep(SYSTEMD_S)
    device.start()


def starve(rig: Rig) -> float:
    """Let four busy loops take the cores: slower, and nobody is ended for it."""
    rig.count()
    n_before, before = rig.device.n_restarts(), rig.cells()
    loops = [
        subprocess.Popen([sys.executable, "-I", "-c", "while True: pass"])
        for _ in range(4)
    ]
    try:
        time.sleep(ALLOW_S)
        n_done = rig.beats("count")[1]
        taken_s = wait_for(lambda: rig.beats("count")[1] > n_done)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    if rig.device.n_restarts() != n_before:
        raise ViolationError("a slow process was taken for a dead one")
    rig.check(before)
    return taken_s


def no_memory(rig: Rig) -> float:
    """Let the counting process get no more memory: it ends, the rest lives.

    A slide under way needs none; the pictures of the next one do.
    """
    rig.count()
    wait_for(lambda: rig.device.mode() == "ended")
    pid, page = rig.beats("count")[0], rig.beats("page")[0]
    resource.prlimit(pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))
    began_s = time.monotonic()
    rig.count()
    wait_for(lambda: rig.beats("count")[0] not in (0, pid))
    taken_s = time.monotonic() - began_s
    if rig.beats("page")[0] != page:
        raise ViolationError("the page went too")
    rig.check(set())
    return taken_s


def full_disk(rig: Rig) -> float:
    """Fill the disk: no new slide, but the running one ends; then make room."""
    rig.count()
    folder, filler = rig.device.data, rig.device.data / "filler"
    wait_for(lambda: _size(folder / disk.BALLAST) == disk.BALLAST_BYTES)
    _fill(filler, disk.free_bytes(folder) - disk.LAST_BYTES // 2)
    wait_for(lambda: not (folder / disk.BALLAST).exists())
    if rig.device.new_slide("FULL").status_code != 503:
        raise ViolationError("a slide was begun on a full disk")
    rig.device.order(rig.slide, "finish")
    wait_for(lambda: rig.device.mode() == "finished")
    with open_store(folder) as store:
        if store.reader.slide(rig.slide).machine is None or store.verify_audit():
            raise ViolationError("the running slide could not be ended")
    filler.unlink()
    began_s = time.monotonic()
    rig.count()
    return time.monotonic() - began_s


def full_memory(rig: Rig) -> float:
    """Fill the memory that the beats lie in, and kill the count meanwhile."""
    device = rig.device
    device.end()
    folder = run_folder(device.data)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = f"size={BEATS_BYTES},mode=700"
    run("mount", "-t", "tmpfs", "-o", own, "leukoscope-faults", str(folder))
    try:
        _start(device)
        rig.count()
        _fill(folder / "filler", disk.free_bytes(folder))
        taken_s = _end_count(rig, signal.SIGKILL)
        if device.process is None or device.process.poll() is not None:
            raise ViolationError("the supervisor ended")
    finally:
        device.end()
        run("umount", "--lazy", str(folder))
        _start(device)
    return taken_s


def _start(device: Device) -> None:
    device.start()
    wait_for(device.answers)
    device.sign_in()


def _size(path: Path) -> int:
    """Return a file's size, 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def _fill(path: Path, n_bytes: int) -> None:
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, n_bytes)


def read_only(rig: Rig) -> float:
    """Come up on a disk that cannot be written to, and get well when it can again."""
    rig.count()
    device, before = rig.device, rig.cells()
    mount = device.data.parent
    device.end()
    run("mount", "-o", "remount,ro", str(mount))
    try:
        device.start()
        wait_for(lambda: _status(device) == 503)
    finally:
        run("mount", "-o", "remount,rw", str(mount))
    if device.n_restarts() > 1:
        raise ViolationError("it spins")
    taken_s = wait_for(device.answers)
    device.sign_in()
    device.order(rig.slide, "count")
    rig.check(before)
    return taken_s


def _status(device: Device) -> int:
    with contextlib.suppress(httpx.HTTPError):
        return device.page.get("/sign-in").status_code
    return 0


def slow_readers(rig: Rig) -> float:
    """Hold two hundred half requests open: the count goes on, the page comes back."""
    rig.count()
    before, n_done = rig.cells(), rig.beats("count")[1]
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            half = stack.enter_context(
                socket.create_connection(("127.0.0.1", rig.device.port))
            )
            half.sendall(b"GET / HTTP/1.1\r\nHost: ")
        time.sleep(3.0)
        if rig.beats("count")[1] <= n_done:
            raise ViolationError("the count noticed the page's guests")
    taken_s = wait_for(rig.device.answers)
    rig.check(before)
    return taken_s


def held_requests(rig: Rig) -> float:
    """Hold half requests from elsewhere: the page answers while they are held."""
    rig.count()
    before, n_done = rig.cells(), rig.beats("count")[1]
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            with contextlib.suppress(OSError):  # one too many is hung up on
                half = socket.create_connection(
                    ("127.0.0.1", rig.device.port), 5, (ELSEWHERE, 0)
                )
                stack.enter_context(half).sendall(b"GET / HTTP/1.1\r\nHost: ")
        taken_s = wait_for(rig.device.answers)
        wait_for(lambda: rig.beats("count")[1] > n_done)
    rig.check(before)
    return taken_s


def port_taken(rig: Rig) -> float:
    """Come up where another program has the page's port, until it lets go."""
    rig.count()
    before, device = rig.cells(), rig.device
    device.end()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", rig.device.port))
        other.listen()
        device.start()
        time.sleep(2.0)
    taken_s = wait_for(device.answers)
    device.sign_in()
    device.order(rig.slide, "count")
    rig.check(before)
    return taken_s


def run(*command: str) -> None:
    """Run a program that must succeed."""
    subprocess.run(command, check=True, capture_output=True)
