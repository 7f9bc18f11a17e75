"""How long a person waits after wrong PINs: the back-off of signing in.

A PIN has only some million possibilities, so guessing is slowed, not merely hashed:
every wrong PIN in a row beyond the third doubles the wait. It runs on the monotonic
clock and starts anew with the program, so that no changed clock shortens it.

Who guesses makes others wait as little as can be. At the device's own screen the wait
ends at a minute: somebody stands there. From the network each address has a wait of its
own; all strangers to a person together have another, from the twentieth wrong PIN on.
So no stranger keeps the only supervisor from the screen, nor from where they came in
before.
"""

from collections.abc import Callable
from dataclasses import replace

from leukoscope_edge.accounts.person import Person

N_FREE_FAILURES = 3
"""A slip of a gloved finger costs nothing."""
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 900.0
LONGEST_AT_SCREEN_S = 60.0
"""A guess a minute takes a year for half of a million PINs, by hand."""
N_FREE_STRANGERS = 20
"""Wrong PINs for one person from all addresses that person never came in from."""
MAX_GUESSERS = 1000
AT_SCREEN = ""
"""The address of whoever is at the device itself."""


class SignInBackoff:
    """Who has to wait, and until when; not safe between threads by itself."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin with nobody waiting.

        Args:
            clock: Monotonic seconds.
        """
        self._clock = clock
        self._not_before: dict[str, float] = {}
        self._guesses: dict[tuple[str, str], tuple[int, float]] = {}
        self._strangers_not_before: dict[str, float] = {}
        self._came_in: set[tuple[str, str]] = set()

    def left_s(self, key: str, address: str) -> float:
        """Return how long this address has to wait for this person, below 0: not."""
        if address == AT_SCREEN:
            return self._not_before.get(key, 0.0) - self._clock()
        _, until = self._guesses.get((key, address), (0, 0.0))
        if (key, address) not in self._came_in:
            until = max(until, self._strangers_not_before.get(key, 0.0))
        return until - self._clock()

    def counted(self, key: str, person: Person, address: str) -> Person:
        """Return somebody with one try more, to be kept before its PIN is looked at."""
        if address == AT_SCREEN:
            return replace(person, n_failures=person.n_failures + 1)
        if len(self._guesses) >= MAX_GUESSERS:
            self._guesses.clear()  # strangers wait on together
        n = self._guesses.get((key, address), (0, 0.0))[0] + 1
        self._guesses[key, address] = n, self._clock() + wait_s(n)
        return replace(person, n_from_network=person.n_from_network + 1)

    def let_wait(self, key: str, person: Person) -> None:
        """Begin the waits that the counts on the disk ask for."""
        at_screen_s = min(wait_s(person.n_failures), LONGEST_AT_SCREEN_S)
        self._not_before[key] = self._clock() + at_screen_s
        beyond = person.n_from_network - N_FREE_STRANGERS + N_FREE_FAILURES
        self._strangers_not_before[key] = self._clock() + wait_s(beyond)

    def let_in(self, key: str, address: str) -> None:
        """Know an address from which somebody came in."""
        self._came_in.add((key, address))

    def forgive(self, key: str) -> None:
        """Let nobody wait for this person any longer."""
        self._not_before[key] = self._strangers_not_before[key] = 0.0
        for one in [g for g in self._guesses if g[0] == key]:
            del self._guesses[one]


def wait_s(n_failures: int) -> float:
    """Return how long to wait after so many wrong PINs in a row, in seconds."""
    beyond = n_failures - N_FREE_FAILURES
    if beyond < 0:
        return 0.0
    return min(FIRST_WAIT_S * 2.0 ** min(beyond, 30), LONGEST_WAIT_S)
