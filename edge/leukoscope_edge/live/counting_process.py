"""The counting process: the camera and the count, apart from the page.

It obeys orders and lets its state (`live/states.py`) do a turn's work. It never waits
for the page: news goes through a box that holds only the newest, and a thread of lower
priority encodes and sends it. Each turn of its loop is a beat, and a chip that is too
hot is given time to cool.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

from leukoscope_edge.errors import LeukoscopeError, RecordError, as_told
from leukoscope_edge.inference import (
    Bundle,
    Engine,
    StandingTest,
    open_bundle,
    open_engine,
)
from leukoscope_edge.live.channel import Channel
from leukoscope_edge.live.commands import Command, Mode, News, Order, Orders
from leukoscope_edge.live.equipment import Equipment
from leukoscope_edge.live.outbox import NewsBox, Outbox
from leukoscope_edge.live.states import Idle, ProcessState
from leukoscope_edge.log import passing_over
from leukoscope_edge.messages import Message, message, plain, told_plain
from leukoscope_edge.profile import Profile, ThermalEntry
from leukoscope_edge.records import DAMAGED, LOOKING, Store, open_store
from leukoscope_edge.service import ALLOW_S, Heat, NoPulse, Pulse, heat

IDLE_TURN_S = 1.0
ORDER_S, AFTER_FAULT_S = 30.0, 20.0
"""Opening or ending a slide, and a camera that is being opened anew, may take so long
on a slow board; another turn less (`service.beats.ALLOW_S`)."""
BUILD_S = 1000.0
"""TensorRT builds its engine once, in at most 900 s, and says when it begins."""
TEMPERATURE_EVERY_S = 1.0
WARM_SLOWER = 2.0
"""A warm chip looks at half as many frames."""


def work(
    profile: Profile,
    data_dir: Path,
    bundle_folder: Path,
    line: Channel,
    pulse: Pulse | NoPulse,
    *,
    is_cpu_only: bool = False,
) -> None:
    """Run the counting process until it is told to leave.

    Args:
        profile: The device.
        data_dir: Where the records lie.
        bundle_folder: The model.
        line: To the page.
        pulse: To the supervisor.
        is_cpu_only: Leave the accelerator alone, whatever the profile says.

    Raises:
        LeukoscopeError: The model or the records cannot be opened, or the engine that
            would serve does not give the stored answers: nothing is counted then.
    """
    cv2.setNumThreads(max(profile.n_threads, 1))
    bundle = open_bundle(bundle_folder)
    wants_gpu = profile.inference.backends[0] != "cpu" and not is_cpu_only
    with (
        open_store(data_dir, waits=False, on_long_work=_leave_it_to_the_page) as store,
        open_engine(
            bundle,
            backend="auto" if wants_gpu else "cpu",
            n_threads=profile.n_threads,
            on_progress=lambda text: pulse.beat(allow_s=BUILD_S, doing=text),
        ) as engine,
    ):
        bundle = bundle.without_files()  # as large as the engine's own copy
        count_with(profile, store, bundle, engine, line, pulse)


def count_with(
    profile: Profile,
    store: Store,
    bundle: Bundle,
    engine: Engine,
    line: Channel,
    pulse: Pulse | NoPulse,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Obey the page with an engine that gives the bundle's stored answers.

    Args:
        profile: The device.
        store: The records.
        bundle: The model.
        engine: What serves it.
        line: To the page.
        pulse: To the supervisor.
        clock: Monotonic seconds, of the engine's daily test.

    Raises:
        BundleError: The engine does not give them, now or any more.
        RecordError: The records were found damaged: let go of them.
    """
    test = StandingTest(engine, bundle, clock)
    test.run_when_due()
    worker = Worker(profile, store, bundle, engine, Outbox(line), pulse)
    worker.obey_all(line, test.run_when_due)


def _leave_it_to_the_page() -> None:
    """Leave damaged or old records to the page, which says what became of them.

    Raises:
        RecordError: Always.
    """
    raise RecordError(LOOKING)


def refuse_all(
    why: str | Message,
    line: Channel,
    pulse: Pulse | NoPulse,
    *,
    for_s: float = math.inf,
) -> None:
    """In the place of a count: say why there is none, until told to leave.

    Args:
        why: One sentence, or what says it.
        line: To the page.
        pulse: To the supervisor.
        for_s: Leave after so long, to be started again and to look again.
    """
    until_s, seq = time.monotonic() + for_s, 0
    while time.monotonic() < until_s:
        seq += 1
        facts = {"seq": seq, "instruction": told_plain(why)}
        line.send(News(mode=Mode.FAILED, slide="", facts=facts))
        pulse.beat(mode=Mode.FAILED.value, why=told_plain(why))
        order = line.take(IDLE_TURN_S)
        if order is not None and order.do is Command.LEAVE:
            return


class Worker:
    """The counting process: a state, the turns of its loop, the chip's heat."""

    def __init__(
        self,
        profile: Profile,
        store: Store,
        bundle: Bundle,
        engine: Engine,
        outbox: NewsBox,
        pulse: Pulse | NoPulse,
        *,
        thermometer: Callable[[], float | None] = heat.temperature_c,
        feel_every_s: float = TEMPERATURE_EVERY_S,
    ) -> None:
        """Begin with nothing open.

        Args:
            profile: The device.
            store: The records.
            bundle: The model.
            engine: What serves it.
            outbox: News goes there.
            pulse: To the supervisor.
            thermometer: Of the hottest chip in degrees, None where there is none.
            feel_every_s: How often it is read.
        """
        self._thermometer, self._feel_every_s = thermometer, feel_every_s
        self._equipment = Equipment(
            profile=profile, store=store, bundle=bundle, engine=engine, outbox=outbox
        )
        self._pulse = pulse
        self._state: ProcessState = Idle(self._equipment)
        self._heat, self._look_at_heat_s = Heat.GOOD, 0.0

    def obey_all(self, line: Orders, test: Callable[[], None] = lambda: None) -> None:
        """Obey and look by turns, until told to leave.

        Args:
            line: Where orders come from.
            test: Of the engine, where one is due: asked at rest, and by each slide
                before its first cell, as a device may never rest.

        Raises:
            RecordError: The records were found damaged: let go of them.
            BundleError: From `test` at rest; the engine answers wrongly.
        """
        self._equipment.test = test
        self._state.tell()
        while True:
            self._turn()
            order = line.take(self._equipment.turn_ends_s - time.monotonic())
            while order is not None:
                if order.do is Command.LEAVE:
                    self._leave()
                    return
                self._pulse.beat(allow_s=ORDER_S, doing=order.do.value)
                self._obey(order)
                order = line.take(0)

    def _turn(self) -> None:
        """Look once, where the state does, and beat."""
        if self._equipment.store.is_damaged:
            raise RecordError(DAMAGED)
        turned_s = time.monotonic()
        self._feel_heat(turned_s)
        looks = self._state.looks
        turn_s = self._turn_s() if looks else IDLE_TURN_S
        self._equipment.turn_ends_s = turned_s + turn_s
        if looks and self._heat is not Heat.HOT:
            self._try(self._step)
        if self._state.mode is Mode.IDLE:
            self._equipment.test()
        self._beat()

    def _turn_s(self) -> float:
        interval_s = 1 / self._equipment.profile.camera.frames_per_second
        match self._heat:
            case Heat.HOT:
                return IDLE_TURN_S
            case Heat.WARM:
                return WARM_SLOWER * interval_s
            case Heat.GOOD:
                return interval_s

    def _feel_heat(self, now_s: float) -> None:
        """Look at the temperature now and then, and say what comes of it."""
        if now_s < self._look_at_heat_s:
            return
        self._look_at_heat_s = now_s + self._feel_every_s
        limits = self._equipment.profile.thermal
        temp_c = self._thermometer()
        self._heat = heat.judge(temp_c, limits, self._heat)
        if self._heat is Heat.HOT and self._state.looks:
            self._try(self._take_in_sought)
            self._state.tell(instruction=plain(_too_hot(temp_c, limits)))

    def _beat(self) -> None:
        gear = self._equipment
        self._pulse.beat(
            allow_s=AFTER_FAULT_S if gear.last_read.fault else ALLOW_S,
            mode=self._state.mode.value,
            heat=self._heat.value,
            engine=gear.engine.name,
            fallback=gear.engine.fallback,
            segmenter=gear.segmenter.name,
            found_by=gear.found_by(),
            bundle=gear.bundle.card.id,
            **self._camera_facts(),
            **gear.timer.facts(),
        )

    def _camera_facts(self) -> dict[str, Any]:
        """Return which camera it is, how it is set, and when it last gave a frame."""
        entry = self._equipment.profile.camera
        settings, fault = entry.hardware, self._equipment.last_read.fault
        return {
            "camera": settings.device if settings else entry.source.split(":")[0],
            "is_locked": settings.is_locked if settings else None,
            "frame_at_s": self._equipment.last_read.frame_at_s,
            "camera_fault": plain(fault) if fault else None,
        }

    def _obey(self, order: Order) -> None:
        try:
            self._take_in_sought()
            self._state = self._state.on(order)
        except LeukoscopeError as err:
            self._fail(as_told(err))
        self._state.tell()

    def _step(self) -> None:
        self._state = self._state.step()

    def _take_in_sought(self) -> None:
        """Count the frame that waits for its search, where there is one."""
        if self._state.count is not None:
            self._state.count.take_in_sought()

    def _leave(self) -> None:
        """Have everything of a count in the records."""
        if self._state.count is not None:
            self._state.count.keep_all()

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except LeukoscopeError as err:
            with passing_over(
                LeukoscopeError, doing="taking in the frame before a fault"
            ):  # the same, most likely
                self._take_in_sought()
            self._fail(as_told(err))
            self._state.tell()

    def _fail(self, reason: str | Message) -> None:
        slide = self._state.slide
        self._state.close()
        self._state = Idle(self._equipment, Mode.FAILED, slide, reason)


def _too_hot(temp_c: float | None, limits: ThermalEntry) -> Message:
    below_c = limits.pause_c - heat.COOLED_BY_C
    return message("too-hot", x=round(temp_c or 0), y=round(below_c))
