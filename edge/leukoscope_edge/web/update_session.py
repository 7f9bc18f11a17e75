"""Where a new model is taken in: one update at a time, on its own thread.

It outlives the server's end, by which a new model comes into use: the page, the
counting process and the records are opened anew, and it still knows what it did.
Nothing here decides whether an update is good; `leukoscope_edge.updates` does.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from leukoscope_edge import updates
from leukoscope_edge.errors import LeukoscopeError, StepError, UpdateError, as_told
from leukoscope_edge.log import passing_over
from leukoscope_edge.messages import Message, message
from leukoscope_edge.records import Store
from leukoscope_edge.updates import Code, Offer, Shadow, Step, refused

ASK_TIMEOUT_S = 600.0
"""Whoever pressed Install is still there after ten minutes, or accepted nothing."""


class Stage(str, Enum):
    """What the session is at."""

    IDLE = "idle"
    OFFER = "offer"  # a stick was looked at
    RUNNING = "running"
    ASKING = "asking"  # somebody must accept what changes
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an update is.

    Attributes:
        stage: What the session is at.
        stick: Where the update is.
        offer: What it offers, once looked at.
        step: The step that is being done.
        n_bytes: Read of the stick so far.
        shadow: What the new model changes, while somebody is asked.
        code: Of a refusal.
        told: What was done, or what exactly was found where it was refused.
        is_trouble: What is told is why it was not done: no check stands before it.
    """

    stage: Stage = Stage.IDLE
    stick: str = ""
    offer: Offer | None = None
    step: Step | None = None
    n_bytes: int = 0
    shadow: Shadow | None = None
    code: Code | None = None
    told: str | Message = ""
    is_trouble: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether an update is under way."""
        return self.stage in (Stage.RUNNING, Stage.ASKING)

    @property
    def fraction(self) -> float:
        """Of the update that is read, 0..1."""
        total = self.offer.manifest.total_bytes if self.offer else 0
        return min(1.0, self.n_bytes / total) if total else 0.0


class UpdateSession:
    """Takes models in; safe to share between threads.

    Attributes:
        progress: How far the update is; replaced whole.
    """

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self.progress = Progress()
        self._told_to: dict[str, Message] = {}
        self._lock = threading.Lock()
        self._answered = threading.Event()
        self._accepted_by: str | None = None
        self._thread: threading.Thread | None = None

    def look(self, store: Store, stick: Path) -> None:
        """Verify what a stick offers; the progress says what came of it."""
        self._begin(Progress(stage=Stage.RUNNING, stick=str(stick)))
        try:
            with updates.open_stick(stick) as opened:
                offer = updates.preview(updates.device_with(store), opened)
        except LeukoscopeError as err:
            self._refuse(err)
            return
        except BaseException:
            self.progress = Progress()
            raise
        self.progress = Progress(stage=Stage.OFFER, stick=str(stick), offer=offer)

    def install(
        self, store: Store, stick: Path, by: str, then: Callable[[], None]
    ) -> None:
        """Begin to install what was looked at.

        Args:
            store: The records.
            stick: Where it was looked at.
            by: Who installs.
            then: Brings the new model into use.

        Raises:
            StepError: Something else is under way, or nothing was looked at here.
        """
        offer = self.progress.offer
        if offer is None or self.progress.stick != str(stick):
            raise StepError(message("stick-first"))
        self._begin(Progress(stage=Stage.RUNNING, stick=str(stick), offer=offer))
        self._thread = threading.Thread(
            target=self._install,
            args=(store, stick, by, then),
            daemon=True,
            name="update",
        )
        self._thread.start()

    def answer(self, accepted_by: str | None) -> None:
        """Say who accepts what the new model changes, None where nobody does.

        Raises:
            StepError: Nobody was asked.
        """
        with self._lock:
            if self.progress.stage is not Stage.ASKING:
                raise StepError(message("nobody-asked"))
            self.progress = replace(self.progress, stage=Stage.RUNNING)
            self._accepted_by = accepted_by
            self._answered.set()

    def clear(self) -> None:
        """Forget what came of the last update.

        Raises:
            StepError: One is under way.
        """
        self._begin(Progress())

    def say(self, told: str | Message) -> None:
        """Show what was done while the server was away."""
        self.progress = Progress(stage=Stage.DONE, told=told)

    def say_to(self, name: str, told: Message) -> None:
        """Show one person alone what she did, until she leaves."""
        self._told_to[name] = told

    def told_to(self, name: str) -> Message | None:
        """Return what one person alone is told."""
        return self._told_to.get(name)

    def rename(self, before: str, to: str) -> None:
        """Tell one person under another name what was told to her."""
        if told := self._told_to.pop(before, None):
            self._told_to[to] = told

    def leave(self, name: str) -> None:
        """Forget what was told to one person alone, since she signs out."""
        self._told_to.pop(name, None)

    def say_trouble(self, told: str | Message) -> None:
        """Show why something was not done while the server was away."""
        self.progress = Progress(stage=Stage.DONE, told=told, is_trouble=True)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the thread; say whether it has ended."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _begin(self, progress: Progress) -> None:
        with self._lock:
            if self.progress.is_busy:
                raise StepError(Code.BUSY.told())
            self.progress = progress

    def _install(
        self, store: Store, stick: Path, by: str, then: Callable[[], None]
    ) -> None:
        device = updates.device_with(store, accept=self._ask, tell=self._tell)
        try:
            with updates.open_stick(stick) as opened:
                installed = updates.install(device, opened)
        except LeukoscopeError as err:
            self._refuse(err)
            return
        except Exception:
            self._refuse(refused(Code.SELF_TEST, message("update-unforeseen")))
            raise
        model = installed.manifest.bundle_id
        facts = {"model": model, "accepted_by": installed.accepted_by}
        with passing_over(
            LeukoscopeError, doing="noting that a model was installed"
        ):  # the models' own history has it
            store.log.note("model installed", facts, by)
        self.progress = replace(
            self.progress,
            stage=Stage.DONE,
            told=message(
                "model-in-use-compared", model=model, what=installed.shadow.told
            ),
        )
        then()

    def _ask(self, shadow: Shadow) -> str | None:
        self._answered.clear()
        self._accepted_by = None
        self.progress = replace(self.progress, stage=Stage.ASKING, shadow=shadow)
        self._answered.wait(ASK_TIMEOUT_S)
        with self._lock:
            self.progress = replace(self.progress, stage=Stage.RUNNING)
            return self._accepted_by

    def _tell(self, step: Step, n_bytes: int) -> None:
        n_bytes += self.progress.n_bytes
        self.progress = replace(self.progress, step=step, n_bytes=n_bytes)

    def _refuse(self, err: LeukoscopeError) -> None:
        code, found = None, as_told(err)
        if isinstance(err, UpdateError):
            code, found = Code(err.code), err.detail
        self.progress = replace(
            self.progress, stage=Stage.REFUSED, code=code, told=found
        )
