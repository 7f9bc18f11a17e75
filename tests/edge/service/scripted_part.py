"""A process of a device that does what its script says, once for each life.

    python scripted_part.py NAME LIVES FOLDER PARENT STATE

LIVES is a JSON list of words, the last one repeats. Each life adds a line to
FOLDER/lives: name, pid, state.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from leukoscope_edge.service import Pulse, die_with_parent

BEAT_S, ALLOW_S = 0.05, 1.5


def act(word: str, pulse: Pulse, n_turns: int) -> None:
    if word == "silent":
        time.sleep(3600)
    if word == "die" and n_turns == 3:
        os.abort()
    if word == "leave" and n_turns == 3:
        sys.exit(0)
    if word == "hang" and n_turns == 3:
        time.sleep(3600)
    pulse.beat(allow_s=ALLOW_S, word=word)
    time.sleep(BEAT_S)


def main() -> None:
    name, lives_text, folder, parent, state = sys.argv[1:]
    die_with_parent(int(parent))
    seen = Path(folder, "lives")
    text = seen.read_text() if seen.exists() else ""
    life = sum(line.startswith(f"{name} ") for line in text.splitlines())
    with seen.open("a") as file:
        file.write(f"{name} {os.getpid()} {state}\n")
    lives = json.loads(lives_text)
    word = lives[min(life, len(lives) - 1)]
    if word == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if word == "litter":  # a helper that would outlive us
        with Path(folder, "litter").open("a") as file:
            helper = subprocess.Popen(["sleep", "3600"], start_new_session=True)
            file.write(f"{helper.pid}\n")
    pulse = Pulse(Path(folder, "beats"), name)
    n_turns = 0
    while True:
        act("die" if word == "litter" else word, pulse, n_turns)
        n_turns += 1


if __name__ == "__main__":
    main()
