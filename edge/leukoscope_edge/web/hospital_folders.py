"""The hospital's system, by two folders: orders are taken, results are given.

An order becomes a slide that waits; the file then lies under `taken`, or, where a row
of it is no order, under `refused` with one line a bad row beside it: nothing is
deleted. A row is taken once, whatever stops in between, by a key of file and row. A
result that was signed, amended or withdrawn is written whole and synced, and tried
again until it is; what was given stands among the slide's exports. No server, no
network.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from leukoscope_edge.durable import make_folder, read_plain, sync_folder, write_whole
from leukoscope_edge.errors import OutputError, StepError
from leukoscope_edge.profile import HospitalEntry
from leukoscope_edge.quality import usual_objective
from leukoscope_edge.records import DEVICE, BadRow, HospitalOrder, orders_in
from leukoscope_edge.records.exports import file_of, open_version
from leukoscope_edge.records.slides import Identity, Kind, SlideSetUp, SlideState
from leukoscope_edge.sample import SlideFacts
from leukoscope_edge.web.device import Device

TAKEN, REFUSED = "taken", "refused"
SUFFIXES = ("fhir.json", "csv")
MAX_ORDER_BYTES = 1 << 20
STILL_S = 2.0
"""A file that was changed since may still be written."""
BY = "hospital"


class HospitalFolders:
    """Looks into the two folders when asked."""

    def __init__(
        self, device: Device, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Say whose folders they are; nothing is touched yet."""
        self._device, self._clock = device, clock
        self._given_to = 0

    def go(self) -> str:
        """Take orders and give results, as far as the site names folders.

        Returns:
            What went wrong, one sentence for the page; "" where all is well.
        """
        entry = self._device.profile.hospital
        try:
            if entry.orders:
                self._take_orders(Path(entry.orders))
            if entry.results:
                self._give_results(entry)
        except (OSError, OutputError) as err:
            return f"The hospital's folder does not serve: {err}"
        return ""

    def _take_orders(self, folder: Path) -> None:
        for path in sorted(folder.glob("*.csv")):
            if self._clock() - path.stat().st_mtime >= STILL_S:
                self._take(path)

    def _take(self, path: Path) -> None:
        data = read_plain(path, MAX_ORDER_BYTES + 1, follows_links=False)
        digest = hashlib.sha256(data).hexdigest()
        rows = orders_in(data)
        if len(data) > MAX_ORDER_BYTES:
            rows = [BadRow(1, f"is longer than {MAX_ORDER_BYTES} bytes")]
        bad = [bad for row in rows for bad in self._start(row, digest)]
        lines = [f"{path.name}, line {b.row}: {b.why}" for b in bad]
        if bad:
            _lay(path.parent / REFUSED, f"{path.name}.{digest[:8]}.txt", lines)
            what = {"file": digest[:8], "rows": [b.row for b in bad]}
            self._device.store.log.note("orders refused", what, DEVICE)
        _move(path, path.parent / (REFUSED if bad else TAKEN), digest)

    def _start(self, row: HospitalOrder | BadRow, digest: str) -> Iterator[BadRow]:
        """Start a slide for an order; yield why there is none."""
        if isinstance(row, BadRow):
            yield row
            return
        store, key = self._device.store, f"order-{digest[:32]}-{row.row}"
        waiting = [
            s
            for s in store.worklist.slides_of(row.number)
            if store.reader.slide(s).state is SlideState.NEW
            and not any(e.key == key for e in store.reader.events(s))
        ]
        if waiting:
            yield BadRow(row.row, f"slide {waiting[0]} of this sample waits already")
            return
        try:
            store.start_slide(_set_up(self._device, row), BY, key=key)
        except StepError as err:
            yield BadRow(row.row, str(err))

    def _give_results(self, entry: HospitalEntry) -> None:
        store = self._device.store
        for slide, seq in store.reader.outcomes_after(self._given_to):
            self._give(slide, entry)
            self._given_to = seq

    def _give(self, slide: str, entry: HospitalEntry) -> None:
        """Write the files of a slide's newest version that were not given yet."""
        store = self._device.store
        version = open_version(store, slide, identified=entry.identified)
        end = "-void" if version.record.void is not None else ""
        given = {
            e.body["what"]
            for e in store.reader.events(slide)
            if e.kind == Kind.EXPORT.value
        }
        for suffix in SUFFIXES:
            name = f"leukoscope-{version.file_stem}{end}.{suffix}"
            if f"hospital: {name}" not in given:
                data = file_of(version, suffix)
                write_whole(Path(entry.results) / name, data)
                sha256 = hashlib.sha256(data).hexdigest()
                store.log.note_export(slide, f"hospital: {name}", sha256, BY)


def _set_up(device: Device, order: HospitalOrder) -> SlideSetUp:
    facts = SlideFacts(
        sample_type=order.sample_type,
        age=order.age,
        is_leukopenic=False,
        mode="count",
    )
    objective = usual_objective(device.store, device.profile.camera)
    return device.set_up(Identity(sample=order.number), facts, objective, details={})


def _lay(folder: Path, name: str, lines: list[str]) -> None:
    make_folder(folder, mode=0o755)
    write_whole(folder / name, ("\n".join(lines) + "\n").encode())


def _move(path: Path, folder: Path, digest: str) -> None:
    """Move a file that was read; its name says its content, so none takes another's."""
    make_folder(folder, mode=0o755)
    path.replace(folder / f"{path.stem}.{digest[:8]}{path.suffix}")
    sync_folder(folder)
    sync_folder(path.parent)
