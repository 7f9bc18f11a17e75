"""What does this device contact? Nothing.

Two witnesses: an empty network namespace, in which nothing could be contacted and all
still works, and the kernel's own list of calls, which says that nothing was tried.
Libraries that report to their makers keep silent in CI, hence the bare environment.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import leukoscope_edge

SOURCE = "simulated:seed=5,frames=6"
PROGRAM = f"""
import sys, time
from leukoscope_edge.cli import main
status = main(["screen", "{SOURCE}", "--json"])
sys.stdout.flush()
time.sleep(float(sys.argv[1]))
sys.exit(status)
"""
REPORTING_S = 15.0
"""ONNX Runtime, where it may, looks its maker up within ten seconds (measured)."""
ALONE = """
import contextlib, fcntl, http.client, socket, struct, subprocess, sys, time

with socket.socket() as any_:  # loopback is down where a namespace is new
    request = struct.pack("16sh14x", b"lo", 0x1)  # IFF_UP
    fcntl.ioctl(any_, 0x8914, request)  # SIOCSIFFLAGS
serve = [sys.executable, "-m", "leukoscope_edge", "serve", "--port", "8793"]
service = subprocess.Popen([*serve, "--data", sys.argv[1]])

def get(path):
    with contextlib.suppress(OSError):
        line = http.client.HTTPConnection("127.0.0.1", 8793, timeout=5)
        line.request("GET", path)
        return line.getresponse().read().decode()
    return ""

end_s = time.monotonic() + 120
while not ("Leukoscope" in get("/set-up") and "leukoscope_up 1.0" in get("/metrics")):
    if time.monotonic() > end_s:
        sys.exit("the page did not answer")
    time.sleep(0.2)
service.terminate()
sys.exit(service.wait(120))
"""
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="NOT PROVED HERE: an empty network namespace needs root and unshare",
)
needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None,
    reason="NOT PROVED HERE: strace is not installed (apt install strace)",
)


def bare_environment(home: Path) -> dict[str, str]:
    """As on a device: nothing that tells a library that it is being tested."""
    package = Path(leukoscope_edge.__file__).parents[1]
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(package)}


def screen(home: Path, *prefix: str) -> bytes:
    command = [*prefix, sys.executable, "-c", PROGRAM, "0"]
    home.mkdir(exist_ok=True)
    run = subprocess.run(
        command, env=bare_environment(home), capture_output=True, check=True
    )
    return run.stdout


def traced(trace: Path) -> list[str]:
    """The command before another one that writes its calls to the network there."""
    return ["strace", "-f", "-e", "trace=%network", "-o", str(trace)]


def contacts(trace: Path) -> list[str]:
    """The calls that address somebody: a look-up of a name is one too.

    A socket alone is none: urllib3, a need of the updates, opens one and binds it to
    this machine when it is imported, to see whether there is IPv6.
    """
    calling = re.compile(r"\b(connect|send\w+)\(.*AF_INET")
    return [line for line in trace.read_text().splitlines() if calling.search(line)]


@dataclass(frozen=True)
class Watched:
    """Programs whose calls to the network are written down while they run.

    Attributes:
        folder: Where their traces lie, what they say, and the home of their user.
        screen: A screening.
        page: The page with its count.
    """

    folder: Path
    screen: subprocess.Popen[str]
    page: subprocess.Popen[str]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Run both at once, beside other tests, as libraries are given time to report."""
    folder = tmp_path_factory.mktemp("watched")
    (home := folder / "home").mkdir()
    screening = [sys.executable, "-c", PROGRAM, str(REPORTING_S)]
    serve = [sys.executable, "-m", "leukoscope_edge", "serve", "--port", "0"]
    serve = ["timeout", str(2 * REPORTING_S), *serve, "--data", str(home / "d")]

    def start(name: str, command: list[str]) -> subprocess.Popen[str]:
        with (folder / f"{name}.out").open("w") as said:
            return subprocess.Popen(
                [*traced(folder / f"{name}.trace"), *command],
                env=bare_environment(home),
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
            )

    with start("screen", screening) as screen, start("page", serve) as page:
        yield Watched(folder=folder, screen=screen, page=page)


@pytest.mark.slow
@needs_strace
def test_screening_addresses_nobody(watched: Watched) -> None:
    assert watched.screen.wait() == 0
    assert contacts(watched.folder / "screen.trace") == []


@needs_root
def test_gives_the_same_bytes_where_there_is_no_network(tmp_path: Path) -> None:
    alone = screen(tmp_path / "a", "unshare", "--net")
    assert alone == screen(tmp_path / "b")
    assert b"SIMULATION" in alone


@pytest.mark.slow
@needs_root
def test_the_page_works_where_there_is_no_network(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run(
        ["unshare", "--net", sys.executable, "-c", ALONE, str(home / "d")],
        env=bare_environment(home),
        check=True,
        timeout=120,
    )
    assert [p.name for p in home.iterdir()] == ["d"]


@needs_strace
def test_the_kernel_s_list_would_show_an_attempt(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    program = (
        "import socket\n"
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:\n"
        "    ask.connect(('192.0.2.1', 53))\n"  # of RFC 5737: belongs to nobody
    )
    subprocess.run([*traced(trace), sys.executable, "-c", program], check=True)
    assert len(contacts(trace)) == 1


def test_leaves_nothing_in_the_home_of_its_user(tmp_path: Path) -> None:
    screen(tmp_path / "home")
    assert list((tmp_path / "home").rglob("*")) == []


def test_no_package_of_the_device_could_send_a_trace() -> None:
    """FastAPI needs OpenTelemetry's interface; what sends is its SDK and exporters."""
    pins = Path(__file__).parents[2] / "firmware_config" / "requirements.txt"
    names = re.findall(r"(?m)^([a-z0-9-]+)==", pins.read_text())
    assert len(names) > 20
    assert [n for n in names if n.startswith("opentelemetry")] == ["opentelemetry-api"]
    spans = "from opentelemetry import trace as t; "
    spans += "print(t.get_tracer('x').start_span('y').is_recording())"
    done = subprocess.run(
        [sys.executable, "-c", spans], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.slow
@needs_strace
def test_the_page_and_its_count_address_nobody(watched: Watched) -> None:
    watched.page.wait()
    assert "http://127.0.0.1:" in (watched.folder / "page.out").read_text()
    assert contacts(watched.folder / "page.trace") == []
    assert [p.name for p in (watched.folder / "home").iterdir()] == ["d"]
