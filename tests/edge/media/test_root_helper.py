"""A file goes to a stick through the helper: on a real file system, as root."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.waiting import PATIENCE_S

from leukoscope_edge.errors import OutputError
from leukoscope_edge.media.helper_client import SentFile
from leukoscope_edge.media.root_helper import serve

MAKERS = {
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "vfat": ("mkfs.vfat",),
    "exfat": ("mkfs.exfat",),
}
FUSE = {"exfat": "mount.exfat-fuse"}
"""Where the kernel has no driver: no owners, no links, names without case."""
STICK_BYTES = 16 << 20
NUMBERED = "leukoscope/A-2.PDF"
HELPER = """
import socket, sys
from pathlib import Path
from leukoscope_edge.media.root_helper import serve
sys.exit(serve(socket.socket(fileno=0), Path(sys.argv[1])))
"""
OWN_MOUNTS = ("unshare", "--mount", "--propagation", "slave")
"""What PrivateMounts= of the unit gives the helper."""


def run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def can_mount(kind: str) -> bool:
    known = Path("/proc/filesystems").read_text().split()
    has_driver = kind in known or has_fuse(kind)
    has_tools = shutil.which(MAKERS[kind][0]) and shutil.which("unshare")
    return bool(os.geteuid() == 0 and has_driver and has_tools)


def has_fuse(kind: str) -> bool:
    return bool(shutil.which(FUSE.get(kind, "")) and os.access("/dev/fuse", os.W_OK))


class Computer:
    """Mounts a stick as the udev rule does, and starts the helper as systemd does."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self.sticks, self.mount = folder / "sticks", folder / "sticks" / "sdb1"
        self.mount.mkdir(parents=True)
        image = folder / "stick.img"
        with image.open("wb") as file:
            file.truncate(STICK_BYTES)
        run(*MAKERS[kind], str(image))
        self.image, self.device = image, run("losetup", "--find", "--show", str(image))
        self.address = folder / "to-stick.socket"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.address))
        self.listener.listen()
        self.helpers: list[subprocess.Popen[bytes]] = []
        self.accepting = threading.Thread(target=self._accept)
        self.accepting.start()

    def plug_in(self, *, read_only: bool = False) -> None:
        if read_only:
            run("losetup", "--detach", self.device)
            self.device = run("losetup", "-r", "--find", "--show", str(self.image))
        how = "ro,nosuid,nodev,noexec"
        if self.has_driver():
            run("mount", "-o", how, self.device, str(self.mount))
        else:
            self.mount_by_fuse("ro" if read_only else "rw")
            run("mount", "-o", f"remount,{how}", str(self.mount))

    def has_driver(self) -> bool:
        return self.kind in Path("/proc/filesystems").read_text().split()

    def mount_by_fuse(self, how: str) -> None:
        run(FUSE[self.kind], "-o", how, self.device, str(self.mount))

    def by_root(self, *command: str) -> None:
        """Do something to the stick on another computer."""
        if self.has_driver():
            run("mount", self.device, str(self.mount))
        else:
            self.mount_by_fuse("rw")
        run(*command)
        run("umount", str(self.mount))

    def options(self) -> str:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        [own] = [line for line in lines if line.split()[4] == str(self.mount)]
        return own.split()[5] + " " + own.split()[-1]

    def listed(self) -> list[str]:
        return sorted(p.name for p in (self.mount / "leukoscope").iterdir())

    def new_file(self, name: str) -> SentFile:
        return SentFile("sdb1", name, self.address)

    def put(self, name: str, data: bytes) -> str:
        with self.new_file(name) as file:
            file.write(data)
            return file.keep()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts, as no close does
        self.accepting.join(PATIENCE_S)
        self.listener.close()
        for helper in self.helpers:
            helper.kill()
            helper.wait()
        with contextlib.suppress(subprocess.CalledProcessError):
            run("umount", "--lazy", str(self.mount))
        run("losetup", "--detach", self.device)

    def _accept(self) -> None:
        command = [*OWN_MOUNTS, sys.executable, "-c", HELPER, str(self.sticks)]
        with contextlib.suppress(OSError):
            while True:
                line, _ = self.listener.accept()
                with line:
                    self.helpers.append(
                        subprocess.Popen(command, stdin=line, stderr=subprocess.DEVNULL)
                    )


@pytest.fixture(params=sorted(MAKERS))
def computer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Computer]:
    if not can_mount(request.param):
        pytest.skip(f"NOT DONE HERE: mounting {request.param} needs root and a kernel")
    computer = Computer(tmp_path, request.param)
    try:
        if not computer.has_driver():
            try:
                computer.by_root("true")
            except subprocess.CalledProcessError as err:
                pytest.skip(f"NOT DONE HERE: {request.param} by FUSE: {err.stderr}")
        yield computer
    finally:
        computer.close()


def test_a_file_goes_to_a_stick_that_stays_read_only(computer: Computer) -> None:
    computer.plug_in()
    data = os.urandom(3_000_000)
    assert computer.put("a.pdf", data) == "leukoscope/a.pdf"
    assert (computer.mount / "leukoscope" / "a.pdf").read_bytes() == data
    with pytest.raises(OSError, match="Read-only"):
        (computer.mount / "mine").write_bytes(b"")
    mount, whole = computer.options().split(" ")
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(mount.split(","))
    assert whole.split(",")[0] == "ro"  # also for the helper, once it is done


def test_only_the_helper_can_write_while_it_writes(computer: Computer) -> None:
    computer.plug_in()
    with computer.new_file("a.pdf") as file:
        file.write(bytes(1 << 20))
        while not list(computer.mount.glob("leukoscope/.a.pdf.part")):
            pass
        with pytest.raises(OSError, match="Read-only"):
            (computer.mount / "mine").write_bytes(b"")
        assert file.keep() == "leukoscope/a.pdf"


def test_nothing_that_is_there_is_replaced(computer: Computer) -> None:
    computer.plug_in()
    names = [computer.put("a.fhir.json", bytes([n])) for n in range(3)]
    assert names == [f"leukoscope/a{n}.fhir.json" for n in ("", "-2", "-3")]
    found = [(computer.mount / name).read_bytes() for name in names]
    assert found == [b"\0", b"\1", b"\2"]


def test_a_name_in_capitals_replaces_nothing_either(computer: Computer) -> None:
    computer.plug_in()
    names = [computer.put(name, name.encode()) for name in ("a.pdf", "A.PDF")]
    assert names[1] == ("leukoscope/A.PDF" if computer.kind == "ext4" else NUMBERED)
    found = [(computer.mount / name).read_bytes() for name in names]
    assert found == [b"a.pdf", b"A.PDF"]


def test_a_full_stick_is_said_to_be_and_is_left_as_it_was(computer: Computer) -> None:
    computer.plug_in()
    computer.put("small.pdf", b"x")
    with pytest.raises(OutputError, match="the stick is full"):
        computer.put("large.bin", bytes(2 * STICK_BYTES))
    for helper in computer.helpers:
        helper.wait()
    assert computer.listed() == ["small.pdf"]
    assert computer.put("next.pdf", b"y") == "leukoscope/next.pdf"


def test_a_stick_with_its_switch_on_read_only(computer: Computer) -> None:
    computer.plug_in(read_only=True)
    with pytest.raises(OutputError, match="write-protected"):
        computer.put("a.pdf", b"x")


def test_a_stick_that_is_gone(computer: Computer) -> None:
    with pytest.raises(OutputError, match="taken out"):
        computer.put("a.pdf", b"x")


def test_a_stick_that_leaves_in_the_middle(computer: Computer) -> None:
    """The device shrinks to nothing: as where it was pulled, every write fails."""
    computer.plug_in()
    with computer.new_file("a.pdf") as file:
        file.write(b"x" * 1000)
        while not list(computer.mount.glob("leukoscope/.a.pdf.part")):
            pass
        os.truncate(computer.image, 0)
        run("losetup", "--set-capacity", computer.device)
        with pytest.raises(OutputError, match=r"taken out|damaged"):
            file.keep()


def test_a_link_on_a_hostile_stick_leads_nowhere(
    computer: Computer, tmp_path: Path
) -> None:
    (target := tmp_path / "etc").mkdir()
    try:
        computer.by_root("ln", "-s", str(target), str(computer.mount / "leukoscope"))
    except subprocess.CalledProcessError:
        run("umount", str(computer.mount))
        pytest.skip("this file system has no links")
    computer.plug_in()
    with pytest.raises(OutputError, match="a file or a link named leukoscope"):
        computer.put("passwd", b"x")
    assert list(target.iterdir()) == []


def test_a_file_that_is_cut_off_on_its_way_leaves_nothing(computer: Computer) -> None:
    computer.plug_in()
    with computer.new_file("a.pdf") as file:
        file.write(b"half")
        while not list(computer.mount.glob("leukoscope/.a.pdf.part")):
            pass
    for helper in computer.helpers:
        helper.wait()
    assert computer.put("b.pdf", b"x") == "leukoscope/b.pdf"
    assert computer.listed() == ["b.pdf"]


def test_what_a_power_cut_left_is_taken_away_by_the_next(computer: Computer) -> None:
    computer.plug_in()
    with computer.new_file("a.pdf") as file:
        file.write(b"x" * 1000)
        while not list(computer.mount.glob("leukoscope/.a.pdf.part")):
            pass
        computer.helpers[-1].kill()
        computer.helpers[-1].wait()
        with pytest.raises(OutputError, match="does not answer"):
            file.keep()
    assert computer.listed() == [".a.pdf.part"]
    computer.put("b.pdf", b"x")
    assert computer.listed() == ["b.pdf"]


def answer_to(message: bytes, sticks: Path) -> bytes:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(message)
        ours.shutdown(socket.SHUT_WR)
        serve(theirs, sticks)
        theirs.close()
        return ours.makefile("rb").readline()


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\n",
        b"[]\n",
        b"\xff\n",
        b"x" * 100_000,
        b'{"stick": "sdb1"}\n',
        b'{"stick": "../sdb1", "name": "a"}\n',
        b'{"stick": "sdb1", "name": "../a"}\n',
        b'{"stick": "sdb1", "name": ".a"}\n',
        b'{"stick": "sdb1", "name": "a\\u0000b"}\n',
        b'{"stick": "sdb1", "name": "a b"}\n',
        b'{"stick": "sdb1", "name": "a"}\n\0\0\0\0',
    ],
)
def test_the_helper_answers_a_bad_request_in_one_line(
    message: bytes, tmp_path: Path
) -> None:
    (tmp_path / "sdb1").mkdir()  # a folder where no stick is mounted
    assert answer_to(message, tmp_path).startswith(b'{"trouble": ')
    assert list(tmp_path.rglob("*")) == [tmp_path / "sdb1"]
