"""The states of the counting process: what each does with an order and in a turn.

    Idle      nothing is open; also after a count that was finished, or that failed
    Preview   the camera is open and nothing is counted
    Counting  frames are read and counted, or the count waits: for a person, or at its
              end, where the source has no further frame

Every state obeys `on(order)` and `step()` by returning the state that follows,
itself where nothing changes. Which order leads where stands in the tests, as one table.
"""

from contextlib import ExitStack
from typing import Any, Protocol

from leukoscope_edge.live.commands import ASKS, Command, Mode, Order
from leukoscope_edge.live.equipment import Equipment
from leukoscope_edge.live.running_count import RunningCount
from leukoscope_edge.live.snapshot import instruction_facts, light_facts
from leukoscope_edge.messages import Message, told_plain
from leukoscope_edge.service import give_memory_back
from leukoscope_edge.types import Fault, Frame
from leukoscope_edge.vision import assess


class ProcessState(Protocol):
    """What the counting process is at.

    Attributes:
        mode: As the page names it.
        slide: Under the lens, "" where there is none, or none any more.
    """

    mode: Mode
    slide: str

    @property
    def looks(self) -> bool:
        """Whether a step reads a frame."""
        ...

    @property
    def count(self) -> RunningCount | None:
        """What is being counted."""
        ...

    def on(self, order: Order) -> "ProcessState":
        """Obey; return the state that follows.

        Raises:
            LeukoscopeError: It cannot be done. What was left is closed by then.
        """
        ...

    def step(self) -> "ProcessState":
        """Do a turn's work; return the state that follows.

        Raises:
            LeukoscopeError: The camera, the model or the records failed.
        """
        ...

    def tell(self, **facts: Any) -> None:
        """Tell the page of it, as it was last seen.

        Args:
            **facts: More than it has told so far.
        """
        ...

    def close(self) -> None:
        """Let go of camera and slide."""
        ...


class Idle:
    """Nothing is open."""

    looks, count = False, None

    def __init__(
        self,
        equipment: Equipment,
        mode: Mode = Mode.IDLE,
        slide: str = "",
        instruction: str | Message = "",
    ) -> None:
        """Come to rest.

        Args:
            equipment: What every state works with.
            mode: Idle, or how the last count ended: finished or failed.
            slide: That count's.
            instruction: Why it failed.
        """
        self.mode, self.slide = mode, slide
        self._equipment = equipment
        self._facts = {"instruction": told_plain(instruction)} if instruction else {}

    def on(self, order: Order) -> ProcessState:
        """Obey what any state does."""
        return _on_any(self, order, self._equipment)

    def step(self) -> ProcessState:
        """Do nothing."""
        return self

    def tell(self, **facts: Any) -> None:
        """Tell that nothing is seen."""
        self._facts |= facts
        self._equipment.tell(self.mode, self.slide, self._facts)

    def close(self) -> None:
        """Forget the slide."""
        self.slide = ""


class Preview:
    """The camera shows a slide, for focus and light, before its count."""

    mode, looks, count = Mode.PREVIEW, True, None

    def __init__(self, equipment: Equipment, slide: str) -> None:
        """Open the camera.

        Args:
            equipment: What every state works with.
            slide: Under the lens, "" where there is none yet.

        Raises:
            LeukoscopeError: It cannot be opened.
        """
        self.slide = slide
        self._equipment = equipment
        self._opened = ExitStack()
        self._camera = self._opened.enter_context(equipment.open_camera(slide))
        self._facts = self._own_facts()

    def on(self, order: Order) -> ProcessState:
        """Obey what any state does; the same preview goes on."""
        if order.do is Command.PREVIEW and order.slide == self.slide:
            return self
        return _on_any(self, order, self._equipment)

    def step(self) -> ProcessState:
        """Show a frame; at the end of a stored slide, begin it anew."""
        item = self._equipment.read(self._camera)
        if item is None:
            slide = self.slide
            self.close()
            return Preview(self._equipment, slide)
        self._show(item)
        return self

    def tell(self, **facts: Any) -> None:
        """Tell what was seen last, without its picture."""
        self._facts |= facts
        self._equipment.tell(self.mode, self.slide, self._facts)

    def close(self) -> None:
        """Let go of camera and slide."""
        self.slide = ""
        self._opened.close()

    def _own_facts(self) -> dict[str, Any]:
        return {"scale_um_per_px": self._camera.scale_um_per_px}

    def _show(self, item: Frame | Fault) -> None:
        pixels = None if isinstance(item, Fault) else item.pixels
        reason = item.reason if isinstance(item, Fault) else None
        self._facts = {
            "instruction": instruction_facts(reason, item),
            "lights": [] if pixels is None else light_facts(assess(pixels)),
            "boxes": [],
            **self._own_facts(),
        }
        self._equipment.tell(self.mode, self.slide, self._facts, pixels, item.name)


class Counting:
    """A slide's count, under way or waiting; what waits is all in the records."""

    def __init__(
        self,
        equipment: Equipment,
        count: RunningCount,
        opened: ExitStack,
        mode: Mode = Mode.COUNTING,
    ) -> None:
        """Count on, or wait.

        Args:
            equipment: What every state works with.
            count: Of the slide.
            opened: Closes its camera.
            mode: Counting; paused; ended where the source has no further frame.
        """
        self.mode, self.slide, self.count = mode, count.slide, count
        self._equipment, self._opened = equipment, opened

    @property
    def looks(self) -> bool:
        """Whether a step reads a frame."""
        return self.mode is Mode.COUNTING

    def on(self, order: Order) -> ProcessState:
        """Wait, go on, or what any state does; the same count is there already."""
        match order.do:
            case Command.COUNT | Command.COUNT_MORE if order.slide == self.slide:
                return self
            case Command.PAUSE if self.looks:
                return self._waiting(Mode.PAUSED)
            case Command.GO_ON if self.mode is Mode.PAUSED:
                return Counting(self._equipment, self.count, self._opened)
        return _on_any(self, order, self._equipment)

    def step(self) -> ProcessState:
        """Read a frame, and count what it or the one before it showed; or wait."""
        if not self.looks:
            return self
        item = self._equipment.read(self.count.camera)
        if item is not None:
            self.count.look(item)
            return self
        ended = self._waiting(Mode.ENDED)
        ended.tell()
        return ended

    def tell(self, **facts: Any) -> None:
        """Tell the count, with the picture that was counted last."""
        self.count.facts |= facts
        self.count.tell(self.mode)

    def close(self) -> None:
        """Let go of camera and slide."""
        self.slide = ""
        self._opened.close()

    def _waiting(self, mode: Mode) -> "Counting":
        self.count.keep_all()
        return Counting(self._equipment, self.count, self._opened, mode)


def _on_any(state: ProcessState, order: Order, equipment: Equipment) -> ProcessState:
    """Obey what every state obeys alike."""
    is_here = state.slide == order.slide
    match order.do:
        case Command.PREVIEW:
            state.close()
            return Preview(equipment, order.slide)
        case Command.COUNT | Command.COUNT_MORE:
            state.close()
            return start_count(equipment, order)
        case Command.NEW_AREA if state.count is not None:
            state.count.new_area()
        case Command.FINISH if is_here and state.mode is not Mode.FAILED:
            return _finish(state, order, equipment)
        case Command.REST if is_here:
            state.close()
            return Idle(equipment)
    return state


def start_count(equipment: Equipment, order: Order) -> ProcessState:
    """Start a slide's count; one that goes on after a stop waits for a person first.

    Raises:
        LeukoscopeError: The slide may not be counted, the engine answers wrongly, or
            the camera cannot be opened.
    """
    equipment.test()
    equipment.store.reader.require(order.slide, ASKS[order.do])
    with ExitStack() as opened:
        camera = opened.enter_context(equipment.open_camera(order.slide))
        count = RunningCount(equipment, camera, order)
        mode = Mode.PAUSED if count.is_resumed else Mode.COUNTING
        return Counting(equipment, count, opened.pop_all(), mode)


def _finish(state: ProcessState, order: Order, equipment: Equipment) -> ProcessState:
    """Keep the verdict of a count, where there is one, and let go of everything."""
    if state.count is not None:
        state.count.finish(order.by)
    state.close()
    give_memory_back()
    return Idle(equipment, Mode.FINISHED, order.slide)
