"""What a bad disk and somebody with the file in hand do to the records, by name.

    python tools/record_faults.py                # each 30 times where it is of chance
    python tools/record_faults.py --only flip --runs 90

Each fault is done to a copy of the records that a pulled plug left, with everything
still in SQLite's log, and the records are opened. Wanted is one of two: all is there or
the device says what is not. Exit 0: always so. 1: not always, which is printed.
"""

import argparse
import io
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import DATABASE_NAME, Head, hash_of, open_store, read_only

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.slide_recorder import SlideRecorder

SECTOR_BYTES = 512
LOG_NAME = f"{DATABASE_NAME}-wal"
Fault = Callable[[Path, random.Random], None]


HOLDS = "SELECT 1 FROM event WHERE seq = ? AND hash = ?"


def flip(folder: Path, chance: random.Random) -> None:
    """One bit of the log."""
    data = bytearray((folder / LOG_NAME).read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    (folder / LOG_NAME).write_bytes(data)


def zero(folder: Path, chance: random.Random) -> None:
    """One sector of the log, noughts."""
    data = bytearray((folder / LOG_NAME).read_bytes())
    at = chance.randrange(len(data) // SECTOR_BYTES) * SECTOR_BYTES
    data[at : at + SECTOR_BYTES] = bytes(SECTOR_BYTES)
    (folder / LOG_NAME).write_bytes(data)


def cut(folder: Path, chance: random.Random) -> None:
    """The log, cut off somewhere."""
    data = (folder / LOG_NAME).read_bytes()
    (folder / LOG_NAME).write_bytes(data[: chance.randrange(len(data))])


def lose(folder: Path, _chance: random.Random) -> None:
    """The whole log."""
    (folder / LOG_NAME).unlink()


def empty(folder: Path, chance: random.Random) -> None:
    """A database of 0 bytes, and no log."""
    lose(folder, chance)
    (folder / DATABASE_NAME).write_bytes(b"")


def foreign(folder: Path, chance: random.Random) -> None:
    """Another program's database."""
    lose(folder, chance)
    (folder / DATABASE_NAME).unlink()
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        connection.execute("CREATE TABLE holiday (day TEXT)")


def forge(folder: Path, _chance: random.Random) -> None:
    """A word of the newest event changed, and all hashed anew to its end."""
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        connection.execute("DROP TRIGGER event_stays")
        row = connection.execute(
            "SELECT seq, slide, kind, at, 'eve', key, body, previous FROM event "
            "ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        change = (hash_of(*row), row[0])
        connection.execute(
            "UPDATE event SET by = 'eve', hash = ? WHERE seq = ?", change
        )
        connection.execute("UPDATE head SET hash = ? WHERE seq = ?", change)
        connection.commit()


FAULTS: dict[str, tuple[Fault, bool]] = {
    "flip": (flip, True),
    "zero": (zero, True),
    "cut": (cut, True),
    "lose": (lose, False),
    "empty": (empty, False),
    "foreign": (foreign, False),
    "forge": (forge, False),
}
"""Each with whether it is of chance, and so done often."""


def make_pulled(folder: Path) -> Head:
    """Make records of one slide as a pulled plug leaves them; return their end."""
    live = folder.with_name("live")
    open_store(live).close()
    with closing(read_only(live / DATABASE_NAME)) as reader:
        reader.execute("BEGIN")  # whoever reads keeps the log from being emptied
        reader.execute("SELECT count(*) FROM event").fetchall()
        with closing(SlideRecorder(live, io.StringIO())) as recorder:
            recorder.work_once()
            shutil.copytree(live, folder)
        reader.rollback()
        row = reader.execute("SELECT seq, hash FROM head").fetchone()
    (folder / f"{DATABASE_NAME}-shm").unlink(missing_ok=True)
    return Head(*row)


def try_fault(pulled: Path, folder: Path, fault: Fault, seed: int, head: Head) -> str:
    """Do a fault to a copy and open it; return "whole", "told" or "silent"."""
    shutil.copytree(pulled, folder)
    fault(folder, random.Random(seed))  # noqa: S311 - not for a secret
    try:
        with open_store(folder) as store:
            is_told = store.recovery is not None or bool(store.verify_audit())
            with closing(read_only(folder / DATABASE_NAME)) as connection:
                found = connection.execute(HOLDS, (head.seq, head.hash)).fetchall()
        return "whole" if found else "told" if is_told else "silent"
    except RecordError:
        return "told"
    finally:
        shutil.rmtree(folder)


def run(names: list[str], n_runs: int) -> dict[str, Counter[str]]:
    """Do faults and return how often each was whole, told or silent."""
    done: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        pulled = Path(name) / "pulled"
        head = make_pulled(pulled)
        for fault in names:
            do, is_of_chance = FAULTS[fault]
            seeds = range(n_runs if is_of_chance else 1)
            done[fault] = Counter(
                try_fault(pulled, Path(name) / "spoilt", do, seed, head)
                for seed in seeds
            )
    return done


def main() -> int:
    """Do what was asked for and print what became of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--runs", type=int, default=30, help="of each that is of chance"
    )
    parser.add_argument("--only", choices=FAULTS, action="append")
    options = parser.parse_args()
    done = run(options.only or list(FAULTS), options.runs)
    for fault, found in done.items():
        print(
            f"{fault:<8} {sum(found.values()):>3} times: all there {found['whole']}, "
            f"said what is not {found['told']}, silent {found['silent']}"
        )
    return 1 if any(found["silent"] for found in done.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
