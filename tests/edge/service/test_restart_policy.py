"""Which failure is answered how, and that a device never boots for ever."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.service.restart_policy import (
    LONGEST_PAUSE_S,
    Limits,
    RestartPolicy,
    RestartStep,
)

C, B = [RestartStep.CHILD] * 3, [RestartStep.BACKEND] * 2


def policy(folder: Path, *, is_revived: bool = True) -> RestartPolicy:
    return RestartPolicy(folder / "past.json", is_revived=is_revived, limits=Limits())


def climb(policy: RestartPolicy, n: int, *, every_s: float = 1.0) -> list[RestartStep]:
    return [policy.failed(i * every_s) for i in range(n)]


@pytest.mark.parametrize(
    ("every_s", "steps"),
    [
        (1.0, [*C, *B, RestartStep.SERVICE]),
        (15.0, [*C, *B, *B[:1]]),  # five lie within a minute
        (20.0, [*C, RestartStep.BACKEND, RestartStep.BACKEND, RestartStep.BACKEND]),
        (20.1, [*C, *C]),
        (3600.0, [*C, *C]),
    ],
)
def test_only_failures_soon_after_each_other_climb(
    tmp_path: Path, every_s: float, steps: list[RestartStep]
) -> None:
    assert climb(policy(tmp_path), 6, every_s=every_s) == steps


def lives(tmp_path: Path) -> list[RestartStep]:
    """Where each life of a service that fails at once ends."""
    ends = []
    while not ends or ends[-1] is not RestartStep.SAFE:
        ends.append(climb(policy(tmp_path), 6)[-1])
        assert len(ends) < 20, "it boots for ever"
    return ends


def test_three_reboots_and_then_the_safe_state(tmp_path: Path) -> None:
    twice = [RestartStep.SERVICE, RestartStep.SERVICE, RestartStep.REBOOT]
    assert lives(tmp_path) == [
        *twice * 3,
        RestartStep.SERVICE,
        RestartStep.SERVICE,
        RestartStep.SAFE,
    ]


def test_the_safe_state_outlives_another_start(tmp_path: Path) -> None:
    lives(tmp_path)
    assert climb(policy(tmp_path), 6)[-1] is RestartStep.SAFE


def test_an_hour_of_good_work_forgives(tmp_path: Path) -> None:
    lives(tmp_path)
    patient = policy(tmp_path)
    patient.works(10.0)
    patient.works(3609.9)
    assert climb(policy(tmp_path), 6)[-1] is RestartStep.SAFE
    patient.works(3610.0)
    assert climb(policy(tmp_path), 6)[-1] is RestartStep.SERVICE


def test_a_failure_begins_the_hour_anew(tmp_path: Path) -> None:
    lives(tmp_path)
    patient = policy(tmp_path)
    patient.works(0.0)
    patient.failed(3000.0)
    patient.works(3700.0)
    assert climb(policy(tmp_path), 6)[-1] is RestartStep.SAFE
    patient.works(6600.0)
    assert climb(policy(tmp_path), 6)[-1] is RestartStep.SERVICE


def test_without_systemd_nothing_above_the_back_end_is_tried(tmp_path: Path) -> None:
    alone = policy(tmp_path, is_revived=False)
    assert climb(alone, 7) == [*C, *B, RestartStep.SAFE, RestartStep.SAFE]


def test_a_disk_that_keeps_nothing_means_the_safe_state_not_a_loop(
    tmp_path: Path,
) -> None:
    broken = RestartPolicy(tmp_path / "no" / "x.json", is_revived=True, limits=Limits())
    assert climb(broken, 6)[-1] is RestartStep.SERVICE
    assert broken.failed(6.0) is RestartStep.SAFE


def test_the_first_start_is_at_once_and_the_pauses_grow(tmp_path: Path) -> None:
    alone = policy(tmp_path, is_revived=False)
    pauses = []
    for i in range(12):
        alone.failed(float(i))
        pauses.append(alone.pause_s())
    assert pauses[:4] == [0.0, 0.5, 1.0, 2.0]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_S


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"x": 1}', '{"n_reboots": []}']
)
def test_a_damaged_past_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "past.json").write_text(text)
    assert climb(policy(tmp_path), 6)[-1] is RestartStep.SERVICE


def test_the_past_is_synced_before_the_step_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(fd))
    climb(policy(tmp_path), 6)
    assert len(synced) == 2  # the file and its folder
    assert json.loads((tmp_path / "past.json").read_text())["n_service"] == 1


@given(st.lists(st.floats(0.0, 1e5), max_size=60).map(sorted), st.booleans())
def test_any_failures_get_a_step_and_a_bounded_pause(
    at_s: list[float], is_revived: bool
) -> None:
    climber = RestartPolicy(
        Path("/nonexistent/x"), is_revived=is_revived, limits=Limits()
    )
    for now_s in at_s:
        assert climber.failed(now_s) in RestartStep
        assert 0.0 <= climber.pause_s() <= LONGEST_PAUSE_S
