"""What people have typed and not sent, over a lock and the same person's sign-in.

It may name a patient, so it stays in memory, is shown to nobody else and is gone when
the device is started anew. Of each person the screen they typed on last is kept.
"""

import threading
from collections.abc import Mapping


class Drafts:
    """What each person has typed on one screen; safe for several threads."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, Mapping[str, str]]] = {}

    def keep(self, person: str, path: str, texts: Mapping[str, str]) -> None:
        """Keep what somebody has typed; nothing typed forgets what was before.

        Args:
            person: Who typed.
            path: Of the screen.
            texts: By the field's name.
        """
        with self._lock:
            if texts:
                self._kept[person] = (path, dict(texts))
            elif person in self._kept and self._kept[person][0] == path:
                del self._kept[person]

    def rename(self, before: str, to: str) -> None:
        """Keep under another name what the same person has typed."""
        with self._lock:
            if before in self._kept:
                self._kept[to] = self._kept.pop(before)

    def forget(self, person: str) -> None:
        """Forget what somebody has typed who is here no more."""
        with self._lock:
            self._kept.pop(person, None)

    def of(self, person: str, path: str) -> Mapping[str, str]:
        """Return what somebody has typed on a screen and not sent."""
        with self._lock:
            kept_path, texts = self._kept.get(person, ("", {}))
            return texts if kept_path == path else {}
