"""What the server looks after by itself: records, model, clock, stored cells.

Records that were found damaged are left at once, and recovered when they open anew.

Every hour the model in use is hashed and the time is written down; soon after a start
and then once a day its stored cells are run: a device that is switched off every night
would else never run them. Nothing is done while a slide is under the lens. Time is the
monotonic clock's: a wrong or a changed clock neither skips a round nor repeats one.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from leukoscope_edge import updates
from leukoscope_edge.errors import LeukoscopeError, as_told
from leukoscope_edge.inference import self_test
from leukoscope_edge.live import BUSY
from leukoscope_edge.log import passing_over
from leukoscope_edge.messages import plain
from leukoscope_edge.quality import GOLDEN_NOTE
from leukoscope_edge.records import DEVICE
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.hospital_folders import HospitalFolders

TICK_S = 5.0
HOUR_S, DAY_S = 3600.0, 24 * 3600.0
SOON_S = 60.0
"""After the start, when the page and the camera have come up."""


class MaintenanceThread:
    """Goes the rounds on a thread of its own; a context manager."""

    def __init__(
        self,
        device: Device,
        *,
        clock: Callable[[], float] = time.monotonic,
        tick_s: float = TICK_S,
    ) -> None:
        """Say whom to look after; nothing runs yet.

        Args:
            device: The device.
            clock: Monotonic seconds.
            tick_s: How often to see whether something is due.
        """
        self._device, self._clock, self._tick_s = device, clock, tick_s
        self._hospital = HospitalFolders(device)
        self._stops = threading.Event()
        self._hourly_at, self._daily_at = clock(), clock() + SOON_S
        self._thread = threading.Thread(target=self._run, daemon=True, name="rounds")

    def __enter__(self) -> "MaintenanceThread":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stops.set()
        self._thread.join()

    def go(self) -> None:
        """Do what is due, unless a slide is under the lens or a model is taken in."""
        device = self._device
        if not device.store.is_sound:
            leave_damaged(device)
            return
        if device.counter.newest.mode in BUSY or device.update_session.progress.is_busy:
            return
        device.hospital_troubles.clear()
        device.hospital_troubles.extend(filter(None, [self._hospital.go()]))
        if self._clock() >= self._hourly_at:
            self._hourly_at = self._clock() + HOUR_S
            look_at_model(device)
        if self._clock() >= self._daily_at:
            self._daily_at = self._clock() + DAY_S
            probe(device)

    def _run(self) -> None:
        while True:
            with passing_over(
                LeukoscopeError, doing="maintenance, tried again in the next round"
            ):  # the next round tries again
                self.go()
            if self._stops.wait(self._tick_s):
                return


def leave_damaged(device: Device) -> None:
    """Let go of records that were found damaged: whoever opens them next mends them."""
    is_at_it = device.lifecycle.is_ending or device.update_session.progress.is_busy
    if device.store.is_damaged and not is_at_it:
        device.lifecycle.reopen()


def look_at_model(device: Device) -> None:
    """Hash the models, write the time down, and renew what the pages say of both.

    Where the model that serves is no longer the one in use, the server opens anew.
    """
    about = updates.device_with(device.store)
    with passing_over(
        LeukoscopeError, doing="keeping the time beside the models"
    ):  # an update or a full disk: later
        updates.keep_time(about)
    device.banners[:] = updates.banners(about)
    used = updates.in_use(device.store.folder, device.bundle.card.domain)
    if used.folder not in (None, device.bundle.folder) and not device.why_off:
        device.lifecycle.reopen()


def probe(device: Device) -> None:
    """Run the stored cells of the model in use; where they fail, go back."""
    with passing_over(
        LeukoscopeError, doing="asking the stored cells of the model"
    ):  # the records say so
        run_golden(device, DEVICE)
    domain = device.bundle.card.domain
    try:
        updates.probe(updates.device_with(device.store), domain)
    except LeukoscopeError as err:
        device.store.log.note("model given up", _why(err), DEVICE)
        look_at_model(device)
        device.update_session.say_trouble(as_told(err))


def _why(err: LeukoscopeError) -> dict[str, Any]:
    return {"why": str(err), "message": plain(err.told) if err.told else None}


def run_golden(device: Device, by: str) -> float:
    """Run the stored cells on the engine that serves, and keep what came of it.

    Returns:
        The largest difference of a logit from the stored one.

    Raises:
        BundleError: They come out otherwise than the card allows; that is kept too.
    """
    facts = {"bundle": device.bundle.card.id, "engine": device.engine.name}
    try:
        worst = self_test(device.engine, device.bundle)
    except LeukoscopeError as err:
        device.store.log.note(GOLDEN_NOTE, {**facts, "failed": str(err)}, by)
        raise
    device.store.log.note(GOLDEN_NOTE, {**facts, "largest_logit_difference": worst}, by)
    return worst
