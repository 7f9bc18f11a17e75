"""Signals that ask a command to stop: told apart, and heeded from the start on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from leukoscope_edge.cli.stopping import ASKS, Stop, stoppable

IN_AN_IMPORT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == "leukoscope_edge.cli":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
import leukoscope_edge.__main__
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ASKS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_each_signal_interrupts_and_is_told_by_the_status(
    number: signal.Signals, status: int
) -> None:
    signal.signal(number, signal.SIG_DFL)  # pytest itself may run under nohup
    stop = Stop()
    with pytest.raises(KeyboardInterrupt), stoppable(stop):
        os.kill(os.getpid(), number)
    assert stop.status == status
    assert signal.getsignal(number) is signal.SIG_DFL  # behind it nothing is to end


def test_a_terminal_that_closes_twice_interrupts_once_and_ctrl_c_again() -> None:
    for number in ASKS:
        signal.signal(number, signal.SIG_DFL)
    stop = Stop()
    with pytest.raises(KeyboardInterrupt), stoppable(stop):
        try:
            os.kill(os.getpid(), signal.SIGHUP)
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop == Stop(number=signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGINT)
    assert stop.status == 130


def test_what_ends_otherwise_has_the_status_of_an_interrupt() -> None:
    assert Stop().status == 130


def test_a_signal_that_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    stop = Stop()
    with stoppable(stop):
        os.kill(os.getpid(), signal.SIGHUP)
    assert stop == Stop()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_an_interrupt_before_the_command_begins_shows_no_traceback() -> None:
    heeding = ["env", "--default-signal=INT", sys.executable, "-c", IN_AN_IMPORT]
    done = subprocess.run(heeding, capture_output=True, check=False)
    assert done.returncode == -signal.SIGINT
    assert done.stderr == b""
