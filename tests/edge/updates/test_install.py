"""One update after another, as a technician meets them."""

import contextlib
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.edge.updates.outcomes import MakeDevice, active_of, code_of

from leukoscope_edge.errors import BundleError, UpdateError
from leukoscope_edge.updates import (
    SHIPPED,
    Code,
    FolderStick,
    Step,
    UpdateContext,
    active_bundle,
    history,
    in_use,
    install,
    is_on_trial,
    keep_time,
    preview,
    probe,
    recover,
    refused,
    roll_back,
    slots,
    state,
    trust_root,
    watched,
)
from leukoscope_edge.updates.active import note_failure, note_success


def test_an_update_becomes_the_model_in_use(
    device: UpdateContext, publisher: Any, bundle_bytes: dict[str, bytes]
) -> None:
    installed = install(device, publisher.release(1).stick)
    folder = active_bundle(device.data, "real")
    assert folder is not None
    assert (folder / "model.cpu.onnx").read_bytes() == bundle_bytes["model.cpu.onnx"]
    assert installed.manifest.bundle_id == "red-1"
    assert active_bundle(device.data, "simulated") is None
    (event,) = history(device.data)
    assert event.what == "installed"


def test_every_step_is_told_in_order(make_device: MakeDevice, publisher: Any) -> None:
    told: list[Step] = []
    read = 0

    def tell(step: Step, n_bytes: int) -> None:
        nonlocal read
        read += n_bytes
        if n_bytes == 0:
            told.append(step)

    stick = publisher.release(1).stick
    install(make_device(tell=tell), stick)
    assert told == list(Step)
    assert read == sum(
        len(stick.files[name]) for name in stick.asked
    )  # every byte once, and none unasked


def test_a_stick_as_a_folder_gives_the_same(
    device: UpdateContext, publisher: Any, tmp_path: Path
) -> None:
    mount = publisher.release(1).write(tmp_path / "mount")
    with FolderStick(mount) as stick:
        install(device, stick)
    assert active_bundle(device.data, "real") is not None


def test_without_a_root_of_trust_nothing_is_taken(
    tmp_path: Path, publisher: Any
) -> None:
    bare = UpdateContext(data=tmp_path / "data")
    assert code_of(lambda: install(bare, publisher.release(1).stick)) == "U15"


def test_another_root_does_not_replace_the_trusted_one(
    device: UpdateContext, publisher: Any, tmp_path: Path
) -> None:
    other = publisher.clone()
    other.rotate("root")
    (tmp_path / "other.json").write_bytes(other.files["metadata/2.root.json"])
    assert code_of(lambda: trust_root(device.data, tmp_path / "other.json")) == "U04"
    (tmp_path / "junk.json").write_bytes(b"{}")
    assert code_of(lambda: trust_root(device.data, tmp_path / "junk.json")) == "U04"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sequence": 5}, "U06"),
        ({"sequence": 4}, "U05"),
        ({"sequence": 6}, ""),
        ({"sequence": 1, "epoch": 1}, "U04"),
        ({"sequence": 6, "machine": "pdp11"}, "U10"),
        ({"sequence": 6, "min_software": "8"}, "U10"),
        ({"sequence": 6, "domain": "simulated"}, "U11"),
        ({"sequence": 6, "id": "red-x", "card": lambda c: c[:-3]}, "U11"),
        ({"sequence": 0}, "U10"),
        ({"sequence": 6, "review_by": "soon"}, "U10"),
    ],
)
def test_what_may_follow_release_5(
    device: UpdateContext, publisher: Any, changes: dict[str, Any], code: str
) -> None:
    install(device, publisher.release(5).stick)
    stick = publisher.release(**changes).stick
    assert code_of(lambda: install(device, stick)) == code
    assert active_of(device) == ("0.5" if code else "0.6")


def test_a_failed_trial_changes_nothing_and_is_remembered(
    make_device: MakeDevice, publisher: Any
) -> None:
    def fail(folder: Path) -> None:
        raise refused(Code.SELF_TEST, "a test says so")

    device = make_device()
    install(device, publisher.release(1).stick)
    stick = publisher.release(2).stick
    assert code_of(lambda: install(make_device(try_model=fail), stick)) == "U11"
    assert active_of(device) == "0.1"
    assert code_of(lambda: install(device, stick)) == "U13"
    assert [e.what for e in history(device.data)] == ["installed", "failed"]


def test_a_revoked_release_is_not_gone_back_to(
    device: UpdateContext, publisher: Any
) -> None:
    install(device, publisher.release(1).stick)
    install(device, publisher.release(2, revokes='["0.1"]').stick)
    assert in_use(device.data, "real").previous is None
    assert roll_back(device, "real").slot == SHIPPED


def test_rolling_back_twice_is_where_one_was(
    device: UpdateContext, publisher: Any
) -> None:
    assert code_of(lambda: roll_back(device, "real")) == "U18"
    install(device, publisher.release(1).stick)
    install(device, publisher.release(2).stick)
    roll_back(device, "real", by="Ada")
    assert active_of(device) == "0.1"
    recover(device)
    roll_back(device, "real")
    assert active_of(device) == "0.2"
    assert history(device.data)[-2].note == "Ada"


def test_going_back_does_not_let_an_old_stick_in(
    device: UpdateContext, publisher: Any
) -> None:
    old = publisher.release(1).stick
    install(device, old)
    install(device, publisher.release(2).stick)
    roll_back(device, "real")
    assert code_of(lambda: install(device, old)) == "U05"


def test_three_failures_in_a_row_give_the_model_up(
    device: UpdateContext, publisher: Any
) -> None:
    install(device, publisher.release(1).stick)
    install(device, publisher.release(2).stick)
    earlier = replace(state.load(device.models), bad=("0.7",))
    state.save(device.models, earlier)
    for _ in range(2):
        assert not note_failure(device, "real", "NaN")
    note_success(device, "real")
    assert [note_failure(device, "real", "NaN") for _ in range(3)] == [0, 0, 1]
    assert active_of(device) == "0.1"
    assert history(device.data)[-1].what == "given up"
    assert state.load(device.models).bad == ("0.2", "0.7")
    assert state.load(device.models).lanes["real"].previous is None


def test_a_model_that_fails_while_it_is_used_is_counted(
    device: UpdateContext, publisher: Any, tmp_path: Path
) -> None:
    install(device, publisher.release(1).stick)
    folder = active_bundle(device.data, "real")
    assert folder is not None

    def use(folder: Path, *, fails: bool) -> int:
        with contextlib.suppress(BundleError), watched(device, folder, "real"):
            if fails:
                raise BundleError("numbers out of range")
        return state.load(device.models).lanes["real"].n_failures

    assert use(folder, fails=True) == 1
    assert use(tmp_path / "named by hand", fails=True) == 1
    assert use(folder, fails=False) == 0


def test_a_failed_daily_check_gives_the_model_up(
    make_device: MakeDevice, publisher: Any
) -> None:
    def fail(folder: Path) -> None:
        raise refused(Code.SELF_TEST)

    device = make_device()
    probe(make_device(try_model=fail), "real")  # the shipped model is not probed here
    install(device, publisher.release(1).stick)
    install(device, publisher.release(2).stick)
    probe(device, "real")
    assert active_of(device) == "0.2"
    with pytest.raises(UpdateError, match="U11"):
        probe(make_device(try_model=fail), "real")
    assert active_of(device) == "0.1"


def test_the_newest_release_may_come_again_where_it_was_lost(
    device: UpdateContext, publisher: Any
) -> None:
    older, newest = publisher.release(1).stick, publisher.release(2).stick
    install(device, newest)
    assert code_of(lambda: install(device, newest)) == "U06"
    for name in ("state.json", "state.json.bak"):
        (device.models / name).unlink()
    assert code_of(lambda: install(device, older)) == "U05"
    assert active_of(device) is None
    install(device, newest)
    assert active_of(device) == "0.2"


def test_a_look_takes_nothing(device: UpdateContext, publisher: Any) -> None:
    offer = preview(device, publisher.release(1).stick)
    assert (offer.manifest.release, offer.card.id) == ("0.1", "red-1")
    assert in_use(device.data, "real").slot == SHIPPED
    assert history(device.data) == ()
    assert not slots.staging_folder(device.models).exists()
    assert list((device.models / "slots").iterdir()) == []


def test_time_is_written_down_only_where_it_is_believed(
    make_device: MakeDevice, publisher: Any
) -> None:
    def floor() -> str:
        return state.load(make_device().models).time_floor

    for year, expected in ((2030, "2030"), (1970, "2030"), (2090, "2030")):
        now = datetime(year, 5, 1, tzinfo=timezone.utc)
        keep_time(make_device(now=lambda now=now: now))
        assert floor().startswith(expected)
    generation = state.load(make_device().models).generation
    soon = datetime(2030, 5, 1, 0, 59, tzinfo=timezone.utc)
    keep_time(make_device(now=lambda: soon))
    assert state.load(make_device().models).generation == generation


def test_earlier_cells_are_gone_through_at_every_trial(
    make_device: MakeDevice, publisher: Any
) -> None:
    asked: list[str] = []

    class Cells:
        def __iter__(self) -> Any:
            asked.append("cells")
            return iter(())

    cells = Cells()
    device = make_device(cells=cells)
    install(device, publisher.release(1).stick)
    install(device, publisher.release(2).stick)
    assert len(asked) == 2


def test_a_model_is_on_trial_until_it_is_settled(
    make_device: MakeDevice, publisher: Any
) -> None:
    seen: list[bool] = []
    data = make_device().data
    device = make_device(try_model=lambda _: seen.append(is_on_trial(data)))
    assert not is_on_trial(data)
    install(device, publisher.release(1).stick)
    assert seen == [True]
    assert not is_on_trial(data)


def test_what_was_revoked_once_stays_revoked(
    device: UpdateContext, publisher: Any
) -> None:
    install(device, publisher.release(2, revokes='["0.1"]').stick)
    install(device, publisher.release(3).stick)
    assert state.load(device.models, device.kept_floor).bad == ("0.1",)


def test_the_floor_of_the_root_never_sinks(
    device: UpdateContext, publisher: Any
) -> None:
    install(device, publisher.release(1).stick)
    now = state.load(device.models, device.kept_floor)
    high = replace(now, floor=replace(now.floor, root_version=7))
    state.save(device.models, high)
    install(device, publisher.release(2).stick)
    assert state.load(device.models, device.kept_floor).floor.root_version == 7
