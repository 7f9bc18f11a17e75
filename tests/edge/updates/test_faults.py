"""Every step of an update, failing, killed, and killed for ever.

After Mender's table of states and faults. Whatever happens at whatever step, the model
in use is the old one or, past the commit, the new one; and a device that is let live
goes on.
"""

import errno
import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from tests.edge.updates.children import exit_signal
from tests.edge.updates.outcomes import MakeDevice, active_of, code_of

from leukoscope_edge.updates import (
    Step,
    UpdateContext,
    history,
    install,
    recover,
    state,
)

BEFORE_TRIAL = (Step.PREFLIGHT, Step.VERIFY, Step.COPY, Step.CHECK, Step.STAGE)
IN_TRIAL = (Step.TRIAL, Step.SHADOW, Step.COMMIT)
N_FOR_EVER = 5
FSYNC = os.fsync


@pytest.fixture
def sticks(make_device: MakeDevice, publisher: Any) -> list[Any]:
    """Sticks of releases 1 and 2; the device is on release 1."""
    first, second = publisher.release(1).stick, publisher.release(2).stick
    install(make_device(), first)
    return [first, second]


def fail_at(where: Step) -> Callable[[Step, int], None]:
    def tell(step: Step, n_bytes: int) -> None:
        if step is where:
            raise OSError(errno.EIO, "a test's disk")

    return tell


def kill_at(where: Step) -> Callable[[Step, int], None]:
    def tell(step: Step, n_bytes: int) -> None:
        if step is where:
            os.kill(os.getpid(), signal.SIGKILL)

    return tell


@pytest.mark.parametrize("step", list(Step))
def test_an_error_at_any_step(
    make_device: MakeDevice, sticks: list[Any], step: Step
) -> None:
    device = make_device()
    failing = make_device(tell=fail_at(step))
    assert code_of(lambda: install(failing, sticks[1])) == "U09"
    is_past = step is Step.DONE
    assert active_of(device) == ("0.2" if is_past else "0.1")
    recover(device)
    assert code_of(lambda: install(device, sticks[1])) == (
        "U06" if step in (*IN_TRIAL, Step.DONE) else ""
    )
    assert active_of(device) == "0.2"


@pytest.mark.parametrize("step", list(Step))
def test_a_kill_at_any_step(
    make_device: MakeDevice, sticks: list[Any], step: Step
) -> None:
    device = make_device()
    dying = make_device(tell=kill_at(step))
    assert exit_signal(partial(install, dying, sticks[1])) == signal.SIGKILL
    assert active_of(device) == ("0.2" if step is Step.DONE else "0.1")
    recover(device)
    assert active_of(device) == ("0.1" if step in BEFORE_TRIAL else "0.2")
    assert code_of(lambda: install(device, sticks[1])) in ("", "U06")
    assert active_of(device) == "0.2"
    assert not (device.models / "staging").exists()


@pytest.mark.parametrize("step", BEFORE_TRIAL)
def test_killed_for_ever_before_the_trial_is_never_the_models_fault(
    make_device: MakeDevice, sticks: list[Any], step: Step
) -> None:
    device = make_device()
    for _ in range(N_FOR_EVER):
        dying = make_device(tell=kill_at(step))
        assert exit_signal(partial(install, dying, sticks[1])) == signal.SIGKILL
        assert active_of(device) == "0.1"
    install(device, sticks[1])
    assert active_of(device) == "0.2"


@pytest.mark.parametrize("step", IN_TRIAL)
def test_killed_for_ever_in_the_trial_ends_by_itself(
    make_device: MakeDevice, sticks: list[Any], step: Step
) -> None:
    """A model that takes the device down at every start must not do so for ever."""
    device = make_device()
    dying = make_device(tell=kill_at(step))
    exit_signal(partial(install, dying, sticks[1]))
    ends = [exit_signal(partial(recover, dying)) for _ in range(N_FOR_EVER)]
    assert ends == [signal.SIGKILL, 0, 0, 0, 0]
    assert active_of(device) == "0.1"
    assert history(device.data)[-1].note == "cut short too often"
    assert code_of(lambda: install(device, sticks[1])) == "U13"


def test_the_third_try_says_u12(make_device: MakeDevice, sticks: list[Any]) -> None:
    device = make_device()
    dying = make_device(tell=kill_at(Step.TRIAL))
    exit_signal(partial(install, dying, sticks[1]))
    now = state.load(device.models)
    assert now.trial is not None
    assert now.trial.n_tries == 1
    exit_signal(partial(recover, dying))
    recover(device)
    assert "0.2" in state.load(device.models).bad


def fail_nth(n: int, number: int) -> Callable[[int], None]:
    """A sync that fails at its n-th call alone."""
    calls = 0

    def sync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == n:
            raise OSError(number, os.strerror(number))
        FSYNC(descriptor)

    return sync


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "U08"),
        (errno.EDQUOT, "U08"),
        (errno.EIO, "U09"),
        (errno.EROFS, "U09"),
    ],
)
def test_a_disk_that_fails_at_the_nth_write_for_every_n(
    make_device: MakeDevice,
    sticks: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    code: str,
) -> None:
    """After SQLite's loops: fail at the first call, the second, until all goes well."""
    device = make_device()
    seen = []
    for n in range(1, 100):
        monkeypatch.setattr(os, "fsync", fail_nth(n, number))
        found = code_of(lambda: install(device, sticks[1]))
        seen.append(found)
        if not found or found == "U06":
            break
        assert found == code
        assert active_of(device) == "0.1"
    assert len(seen) > 8
    assert active_of(device) == "0.2"
    monkeypatch.undo()
    recover(device)
    assert state.is_settled(device.models)


def test_a_read_only_data_folder_is_u09(tmp_path: Any, publisher: Any) -> None:
    (tmp_path / "data").write_text("in the way")
    blocked = UpdateContext(data=tmp_path / "data")
    assert code_of(lambda: install(blocked, publisher.release(1).stick)) == "U09"
