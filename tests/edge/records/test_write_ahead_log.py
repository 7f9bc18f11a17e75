"""SQLite's log, spoilt: what is told, what is found again."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.edge.records.bench import Bench

from leukoscope_edge.records import DATABASE_NAME, Head, Store, open_store, read_only
from leukoscope_edge.records.recovery import LOG
from leukoscope_edge.records.write_ahead_log import (
    FRAME_HEADER_BYTES,
    HEADER_BYTES,
    mended_log,
)

N_LOGS = 8
"""Of each kind; `tools/record_faults.py` spoils thirty."""
PAGE_BYTES, SECTOR_BYTES = 4096, 512
Spoil = Callable[[bytes, random.Random], bytes]


def flip(log: bytes, chance: random.Random) -> bytes:
    at, bit = chance.randrange(len(log)), chance.randrange(8)
    return log[:at] + bytes([log[at] ^ 1 << bit]) + log[at + 1 :]


def zero(log: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(log) // SECTOR_BYTES) * SECTOR_BYTES
    return log[:at] + bytes(SECTOR_BYTES) + log[at + SECTOR_BYTES :]


def cut(log: bytes, chance: random.Random) -> bytes:
    return log[: chance.randrange(len(log))]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Head]]:
    """Records as a plug that was pulled left them: a reader had held the log."""
    bench = Bench(tmp_path_factory.mktemp("stopped") / "records")
    bench.store.end_copy()
    with closing(read_only(bench.folder / DATABASE_NAME)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM event").fetchall()
        bench.signed()
        folder = bench.folder.with_name("pulled")
        shutil.copytree(bench.folder, folder)
        (folder / f"{DATABASE_NAME}-shm").unlink()
        head = bench.store.log.head()
        reader.rollback()
    bench.store.close()
    return folder, head


def spoilt(stopped: Path, folder: Path, spoil: Spoil, seed: int) -> Path:
    shutil.copytree(stopped, folder)
    log = folder / f"{DATABASE_NAME}{LOG}"
    chance = random.Random(seed)  # noqa: S311 - not for a secret
    log.write_bytes(spoil(log.read_bytes(), chance))
    return folder


def is_told_or_whole(store: Store, head: Head) -> bool:
    """Either everything is there, or the device says what is not."""
    known = store.ledger.holds(head)
    return known or (store.recovery is not None and "lost" in store.recovery.sentence)


def test_a_log_that_nobody_spoilt_is_read_to_its_end(
    stopped: tuple[Path, Head], tmp_path: Path
) -> None:
    folder, head = stopped
    with open_store(spoilt(folder, tmp_path / "r", lambda log, _: log, 0)) as store:
        assert (store.recovery, store.log.head()) == (None, head)


@pytest.mark.parametrize("spoil", [flip, zero, cut])
def test_no_spoilt_log_takes_anything_back_without_a_word(
    stopped: tuple[Path, Head], tmp_path: Path, spoil: Spoil
) -> None:
    folder, head = stopped
    n_whole = 0
    for seed in range(N_LOGS):
        spoilt_folder = spoilt(folder, tmp_path / str(seed), spoil, seed)
        with open_store(spoilt_folder) as store:
            assert is_told_or_whole(store, head), (seed, store.recovery)
            is_told = bool(store.recovery and store.recovery.n_nameless)
            assert bool(store.verify_audit()) == is_told
            n_whole += store.ledger.holds(head)
            slides = store.reader.slides()
            is_signed = bool(slides) and bool(slides[0].signatures)
            assert is_signed == store.ledger.holds(head)
        shutil.rmtree(spoilt_folder)
    assert n_whole >= {flip: N_LOGS, zero: N_LOGS // 2, cut: 0}[spoil]


def test_a_running_writer_that_lost_its_log_says_so_at_the_next_start(
    stopped: tuple[Path, Head], tmp_path: Path
) -> None:
    folder, head = stopped
    copy = spoilt(folder, tmp_path / "r", lambda log, _: b"", 0)
    with open_store(copy, waits=False) as store:
        assert store.recovery is not None
        assert f"events 1 to {head.seq} are lost" in store.recovery.sentence


@pytest.mark.parametrize(
    "log", [b"", b"x", bytes(HEADER_BYTES), os.urandom(3 * PAGE_BYTES)]
)
def test_nothing_is_made_of_noise(log: bytes) -> None:
    assert mended_log(log, PAGE_BYTES) == b""


def test_a_sound_log_stays_as_it_is(stopped: tuple[Path, Head]) -> None:
    folder, _ = stopped
    log = (folder / f"{DATABASE_NAME}{LOG}").read_bytes()
    assert mended_log(log, PAGE_BYTES) == log


@pytest.mark.parametrize("at", [0, FRAME_HEADER_BYTES + 5])
def test_one_bit_of_a_frame_is_turned_back(stopped: tuple[Path, Head], at: int) -> None:
    folder, _ = stopped
    log = (folder / f"{DATABASE_NAME}{LOG}").read_bytes()
    spoilt_log = bytearray(log)
    spoilt_log[HEADER_BYTES + at] ^= 4
    assert mended_log(bytes(spoilt_log), PAGE_BYTES) == log


@pytest.mark.parametrize("step", ["finished", "signed", "reopen"])
def test_the_log_is_empty_after_finish_sign_and_stop(bench: Any, step: str) -> None:
    getattr(bench, step)()
    log = bench.folder / f"{DATABASE_NAME}{LOG}"
    assert not log.exists() or log.stat().st_size == 0
