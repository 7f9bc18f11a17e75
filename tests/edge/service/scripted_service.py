"""A service of scripted parts. `python scripted_service.py FOLDER SCRIPT`

SCRIPT is JSON: {"parts": {NAME: LIVES}, "limits": {...}}.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from leukoscope_edge.service import (
    Limits,
    Part,
    RestartPolicy,
    ServiceState,
    Supervisor,
    supervisor,
)

PART = Path(__file__).with_name("scripted_part.py")


def command(
    name: str, lives: list[str], folder: Path, n_missing: int = 0
) -> Callable[..., Sequence[str]]:
    left = [n_missing]

    def of(state: ServiceState) -> Sequence[str]:
        left[0] -= 1
        if left[0] >= 0:
            return [str(folder / "no such program")]
        how = "safe" if state.safe else "cpu" if state.is_cpu_only else "all"
        own = [name, json.dumps(lives), str(folder), str(os.getpid()), how]
        return [sys.executable, str(PART), *own]

    return of


def main() -> int:
    folder, script = Path(sys.argv[1]), json.loads(sys.argv[2])
    supervisor.TELL_S = 0.1
    supervisor.START_S = script.get("start_s", 10.0)
    supervisor.GOODBYE_S = 1.0
    n_missing = script.get("n_missing", 0)
    parts = [
        Part(name=name, command=command(name, lives, folder, n_missing))
        for name, lives in script["parts"].items()
    ]
    policy = RestartPolicy(
        folder / "past",
        is_revived="NOTIFY_SOCKET" in os.environ,
        limits=Limits(**script.get("limits", {"first_pause_s": 0.01})),
    )
    told = folder / "told"

    def tell(found: Supervisor) -> None:
        if script.get("tell_fails"):
            raise OSError("no room")
        told.write_text(found.state.safe)

    return Supervisor(
        parts=parts,
        folder=folder / "beats",
        policy=policy,
        tell=tell,
    ).run()


if __name__ == "__main__":
    sys.exit(main())
