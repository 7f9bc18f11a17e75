"""Is this machine quiet enough for a figure to count?

    python tools/quiet_machine.py [--seconds 5]

Computes on one thread and says what got in its way (`tests/rigs/quiet_machine.py`);
exit 1 where the machine is not quiet.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.quiet_machine import Watch, verdict, why_not_quiet


def main() -> int:
    """Compute for some seconds and say whether anything got in the way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    with Watch() as watch:
        end_s = time.perf_counter() + options.seconds
        while time.perf_counter() < end_s:
            sum(range(10_000))
    print(verdict(watch.used))
    return 1 if why_not_quiet(watch.used) else 0


if __name__ == "__main__":
    sys.exit(main())
