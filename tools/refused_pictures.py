"""Which whole pictures are refused? The other end of `fuzz_pictures.py`.

    python tools/refused_pictures.py FOLDER... [--every 1] [--json]

Every picture below each folder is read as `leukoscope screen` reads it. All are taken
for whole, so that a refusal is a false one; what has no colour is counted apart, for it
is refused on purpose. 1 where a picture is refused.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from leukoscope_edge.capture.stored import GREY, is_image, read_picture
from leukoscope_edge.errors import SourceError

NAMED = 5


@dataclass(slots=True)
class Counted:
    """What became of a folder's pictures.

    Attributes:
        n: Of them.
        n_grey: Have no colour.
        refused: Reason to names.
    """

    n: int = 0
    n_grey: int = 0
    refused: dict[str, list[str]] = field(default_factory=dict)

    @property
    def n_refused(self) -> int:
        """Without the grey ones."""
        return sum(map(len, self.refused.values()))


def pictures_below(folder: Path, every: int) -> list[Path]:
    """Return one in so many pictures below a folder; masks are none."""
    found = (p for p in folder.rglob("*") if is_image(p) and p.parent.name != "masks")
    return sorted(found)[::every]


def counted(paths: list[Path]) -> Counted:
    """Read pictures, and count what is refused."""
    result = Counted()
    for path in paths:
        result.n += 1
        try:
            read_picture(path.read_bytes())
        except SourceError as err:
            if err.told == GREY:
                result.n_grey += 1
            else:
                result.refused.setdefault(str(err), []).append(path.name)
    return result


def line_of(name: str, found: Counted) -> str:
    """Return a row of the table."""
    why = Counter({reason: len(names) for reason, names in found.refused.items()})
    named = "; ".join(
        f"{n} x {reason} ({', '.join(found.refused[reason][:NAMED])})"
        for reason, n in why.most_common()
    )
    return f"{name:<16} {found.n:>6} {found.n_grey:>5} {found.n_refused:>7}  {named}"


def main() -> int:
    """Read every picture; 1 where one is refused."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--every", type=int, default=1, help="one in so many")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {f.name: counted(pictures_below(f, options.every)) for f in options.folder}
    if options.json:
        rows = {n: {"n": c.n, "grey": c.n_grey, **c.refused} for n, c in found.items()}
        print(json.dumps(rows, indent=1))
    else:
        print(f"{'set':<16} {'read':>6} {'grey':>5} {'refused':>7}")
        for name, one in found.items():
            print(line_of(name, one), flush=True)
    return int(any(one.n_refused for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
