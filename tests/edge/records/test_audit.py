"""Every way to alter the list of events behind the device's back is seen."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.bench import Bench
from tests.edge.records.tampering import rehash, tamper

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import DATABASE_NAME, ledger, open_store
from leukoscope_edge.records.events import chain_problems

N_EVENTS = 8


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with one signed slide."""
    made = Bench(tmp_path_factory.mktemp("model") / "records")
    assert made.signed() == "0001"
    assert made.store.log.head().seq == N_EVENTS
    made.store.close()
    folder: Path = made.folder
    return folder


@pytest.fixture
def bench(model: Path, tmp_path: Path) -> Any:
    """A store of one's own to spoil."""
    shutil.copytree(model, tmp_path / "records")
    return Bench(tmp_path / "records")


@pytest.fixture
def slide(bench: Any) -> str:
    return str(bench.store.reader.slides()[0].id)


@pytest.mark.parametrize("seq", range(1, N_EVENTS + 1))
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM event WHERE seq = {seq}",
        "UPDATE event SET body = replace(body, '}}', ',\"x\":1}}') WHERE seq = {seq}",
        "UPDATE event SET by = 'eve' WHERE seq = {seq}",
        "UPDATE event SET at = '1999-01-01' WHERE seq = {seq}",
        "DELETE FROM event WHERE seq >= {seq}",
    ],
)
def test_an_edited_removed_or_cut_off_event_is_found(
    bench: Any, slide: str, seq: int, statement: str
) -> None:
    tamper(bench.folder, statement.format(seq=seq))
    assert bench.store.verify_audit() != []


@pytest.mark.parametrize("seq", [1, 4, N_EVENTS])
def test_an_edit_with_a_fitting_hash_is_found(bench: Any, slide: str, seq: int) -> None:
    tamper(bench.folder, f"UPDATE event SET by = 'eve' WHERE seq = {seq}")
    rehash(bench.folder, seq)
    assert bench.store.verify_audit() != []


@pytest.mark.parametrize("seq", range(1, N_EVENTS))
def test_two_events_that_changed_places_are_found(
    bench: Any, slide: str, seq: int
) -> None:
    tamper(
        bench.folder,
        f"UPDATE event SET seq = -1 WHERE seq = {seq}",
        f"UPDATE event SET seq = {seq} WHERE seq = {seq + 1}",
        f"UPDATE event SET seq = {seq + 1} WHERE seq = -1",
    )
    assert bench.store.verify_audit() != []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM note WHERE what = 'lamp'",
        "UPDATE note SET what = 'light' WHERE what = 'lamp'",
        "INSERT INTO note VALUES ('lamp', 1)",
    ],
)
def test_a_note_that_is_not_found_by_what_it_is_of_is_a_problem(
    bench: Any, statement: str
) -> None:
    bench.store.log.note("lamp", {}, "ann")
    tamper(bench.folder, statement)
    (problem, *_) = bench.store.verify_audit()
    assert "by what it is" in problem.what


def test_an_event_put_in_is_found(bench: Any, slide: str) -> None:
    tamper(
        bench.folder,
        "INSERT INTO event SELECT seq + 1, slide, kind, at, by, 'x', body, hash, hash "
        f"FROM event WHERE seq = {N_EVENTS}",
    )
    assert bench.store.verify_audit() != []


def test_nothing_of_a_changed_event_is_shown(bench: Any, slide: str) -> None:
    tamper(bench.folder, "UPDATE event SET body = replace(body, 'blast', 'normal')")
    store = bench.reopen()
    with pytest.raises(RecordError, match="was changed after it was written"):
        store.reader.slide(slide)
    sound = bench.counted()
    assert [r.id for r in store.reader.slides()] == [sound]
    assert list(store.reader.damaged) == [slide]


@pytest.mark.parametrize(
    ("n", "told"), [(1, "event 8 is lost"), (2, "events 7 to 8 are lost")]
)
def test_a_cut_is_told_at_the_next_opening(
    bench: Any, slide: str, n: int, told: str
) -> None:
    tamper(bench.folder, f"DELETE FROM event WHERE seq > {N_EVENTS - n}")
    store = bench.reopen()
    assert told in store.recovery.sentence
    assert (
        store.log.notes("recovered")[0].body["facts"]["what"] == store.recovery.sentence
    )
    assert store.verify_audit() == []
    assert bench.reopen().recovery is None


def test_a_cut_with_a_head_of_ones_own_is_found(bench: Any, slide: str) -> None:
    tamper(
        bench.folder,
        f"DELETE FROM event WHERE seq > {N_EVENTS - 1}",
        f"UPDATE head SET seq = {N_EVENTS - 1}, hash = "
        f"(SELECT hash FROM event WHERE seq = {N_EVENTS - 1})",
    )
    missing, unsigned = [p.what for p in bench.store.verify_audit()][::-1]
    assert "does not carry this device's signature" in unsigned
    assert "was written, and is not here" in missing


def test_an_older_database_is_told_by_the_code_of_a_later_report(
    bench: Any, slide: str
) -> None:
    bench.store.close()
    older = (bench.folder / DATABASE_NAME).read_bytes()
    store = bench.reopen()
    store.review.amend(slide, "", "ann")
    code = store.log.head().code
    assert store.log.event_of_code(code) == N_EVENTS + 1
    store.close()
    for part in bench.folder.glob(DATABASE_NAME + "*"):
        part.unlink()
    (bench.folder / DATABASE_NAME).write_bytes(older)
    store = bench.reopen()
    assert f"event {N_EVENTS + 1} is lost" in store.recovery.sentence
    assert store.log.event_of_code(code) is None


def test_the_database_itself_refuses_to_change_an_event(bench: Any, slide: str) -> None:
    connection = sqlite3.connect(bench.folder / DATABASE_NAME)
    for statement in ("UPDATE event SET by = 'eve'", "DELETE FROM event"):
        with pytest.raises(sqlite3.IntegrityError, match="events are never"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.write_bytes(b"another"), "damaged or replaced"),
    ],
)
def test_a_picture_that_is_gone_or_replaced_is_found(
    bench: Any, slide: str, spoil: Callable[[Path], None], message: str
) -> None:
    name = bench.store.reader.slide(slide).cells[0].view
    spoil(bench.folder / "pictures" / slide / name)
    (problem,) = bench.store.verify_audit()
    assert message in problem.what


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM record_key", "is not as it says"),
        ("UPDATE record_key SET wrapped = x'00'", "does not open"),
    ],
)
def test_a_key_that_went_without_an_erasure_is_found(
    bench: Any, slide: str, statement: str, message: str
) -> None:
    tamper(bench.folder, statement)
    (problem,) = bench.store.verify_audit()
    assert message in problem.what


@pytest.mark.parametrize("name", ["../../keys/device.key", "x.png", "", "/etc/passwd"])
def test_only_pictures_are_read_as_pictures(bench: Any, slide: str, name: str) -> None:
    with pytest.raises(Exception, match="is not the name of a picture"):
        bench.store.pictures.read(slide, name)
    with pytest.raises(Exception, match="is not the number of a slide"):
        bench.store.pictures.read("../keys", "0" * 64 + ".png")


def test_a_count_that_writes_meanwhile_is_no_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(tmp_path) as store, open_store(tmp_path) as count:
        count.log.note("before", {}, "Amina")

        def look(rows: list[Any]) -> list[Any]:
            count.log.note("meanwhile", {}, "Amina")
            return list(chain_problems(rows))

        monkeypatch.setattr(ledger, "chain_problems", look)
        assert store.verify_audit() == []
        assert [e.body["what"] for e in store.reader.events("")][-1] == "meanwhile"
