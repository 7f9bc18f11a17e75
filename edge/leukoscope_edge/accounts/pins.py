"""Which PINs are allowed: long enough, and none that is guessed first."""

from itertools import pairwise

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.messages import message
from leukoscope_edge.names import pin_digits

MIN_PIN_DIGITS, MAX_PIN_DIGITS = 6, 12


class PeopleError(LeukoscopeError):
    """Somebody cannot be added, or the list of people cannot be used."""


def check_pin(pin: str) -> None:
    """Make sure that a PIN is long enough and not guessed at once.

    Raises:
        PeopleError: It is not.
    """
    pin = pin_digits(pin)
    digits = pin.isascii() and pin.isdigit()
    if not digits or not MIN_PIN_DIGITS <= len(pin) <= MAX_PIN_DIGITS:
        raise PeopleError(
            message("pin-length", low=MIN_PIN_DIGITS, high=MAX_PIN_DIGITS).said()
        )
    if is_guessed_first(pin):
        raise PeopleError(message("pin-guessed").said())


def is_guessed_first(pin: str) -> bool:
    """Say whether a PIN is a row, a repeat or a pattern.

    Its steps from digit to digit come again (012345, 121212, 112233, 123123, 147258),
    or it reads the same backwards (123321). That bars 1 % of the PINs of six digits.
    """
    digits = [int(d) for d in pin]
    steps = [(b - a) % 10 for a, b in pairwise(digits)]
    periods = range(1, len(digits) // 2 + 1)
    return pin == pin[::-1] or any(steps[p:] == steps[:-p] for p in periods)
