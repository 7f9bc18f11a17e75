"""The log: lines on standard error, which the journal keeps, and that name nobody.

An exception's message may hold a form's value, a file's name or a sample's label. So a
line says only the program's own words, numbers, the class of an exception and the
places in the program. `NamesNobody` holds whatever any library logs to that.
"""

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from traceback import extract_tb

from leukoscope_edge.names import on_terminal

EVERY_S = 60.0
"""The same line is said once in this time; those between are counted."""
N_LINES = 256
"""Different lines that are remembered: the program has fewer places that log."""
LEFT_OUT = "(left out)"
OURS = "leukoscope"
FORMAT = "leukoscope: %(name)s: %(message)s"


class NamesNobody(logging.Filter):
    """Takes out of a log line all that did not stand in the program's text."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace a line's parameters and exception by what names nobody."""
        record.msg = _own_words(record)
        record.args = None
        record.exc_info = record.exc_text = record.stack_info = None
        return True


class Seldom(logging.Filter):
    """Lets the same line through once a minute, with how many were left out.

    A line that differs each time, as by a code, says in `same_as` what stays the same.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, every_s: float = EVERY_S
    ) -> None:
        """Begin with nothing said.

        Args:
            clock: Seconds, monotonic.
            every_s: How often the same line may be said.
        """
        super().__init__()
        self._clock, self._every_s = clock, every_s
        self._said: dict[tuple[str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line is due; a line that is tells of those before it."""
        same = getattr(record, "same_as", record.msg)
        key, now_s = (record.name, str(same)), self._clock()
        with self._lock:
            until_s, n_more = self._said.pop(key, (now_s, 0))
            if now_s < until_s:
                self._said[key] = until_s, n_more + 1
                return False
            self._said[key] = now_s + self._every_s, 0
            if len(self._said) > N_LINES:
                del self._said[next(iter(self._said))]
        if n_more:
            record.msg = f"{record.msg} ({n_more} more like it)"
        return True


class _StandardError(logging.Handler):
    """Writes to whatever standard error is now; what nobody can read is dropped."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            print(on_terminal(self.format(record)), file=sys.stderr, flush=True)  # noqa: T201


def start_log() -> None:
    """Send this process's log to standard error; every process of the device does."""
    root = logging.getLogger()
    if any(isinstance(h, _StandardError) for h in root.handlers):
        return
    handler = _StandardError(logging.WARNING)
    handler.setFormatter(logging.Formatter(FORMAT))
    for rule in (NamesNobody(), Seldom()):
        handler.addFilter(rule)
    root.addHandler(handler)


@contextlib.contextmanager
def passing_over(*kinds: type[Exception], doing: str) -> Iterator[None]:
    """Go on after an error of ours that ends nothing, and write one line.

    Args:
        kinds: The exceptions that are passed over.
        doing: What was being done, in the program's own words: it names nobody.
    """
    try:
        yield
    except kinds as err:
        passed_over(err, doing=doing)


def passed_over(error: BaseException, *, doing: str) -> None:
    """Write that an error ends nothing here; see `passing_over`."""
    logging.getLogger(OURS).warning(f"{doing}: {described(error)}")


def described(error: BaseException) -> str:
    """Return an exception's class and places, and those of what it came of."""
    return "; from ".join(_one(e) for e in _chain(error))


def _own_words(record: logging.LogRecord) -> str:
    """Return a line without its parameters, except numbers, and its exception's class.

    A library's ready-made text may hold anything: only of our own logger it is ours.
    """
    args = record.args if isinstance(record.args, tuple) else ()
    is_ours = record.name.split(".")[0] == OURS
    text = str(record.msg) if is_ours else f"{record.levelname} at line {record.lineno}"
    known = [a if isinstance(a, int | float) else LEFT_OUT for a in args if is_ours]
    with contextlib.suppress(TypeError, ValueError):
        text = text % tuple(known) if known else text
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    return text if error is None else f"{text}: {described(error)}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _one(error: BaseException) -> str:
    places = (
        f"{p.filename}:{p.lineno} {p.name}" for p in extract_tb(error.__traceback__)
    )
    return f"{type(error).__name__} < " + " < ".join(reversed([*places]))
