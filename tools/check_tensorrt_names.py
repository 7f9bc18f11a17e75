"""Does TensorRT still have every name that the engine code uses?

    python tools/check_tensorrt_names.py WHEEL...

WHEEL is a wheel of NVIDIA's bindings, for example from
`pip download --no-deps tensorrt-cu13-bindings`. Nothing is loaded or run: TensorRT's
libraries are not needed, and without a driver it would kill the process. The names that
`compiler.py` and `runner.py` ask of TensorRT's objects are read from their source and
looked for as text in the wheel's library. Some names belong to some versions alone:
EXPLICIT_BATCH, FP16 and INT8 (before 10), STRONGLY_TYPED (from 10 on), and how a build
is aimed at a compute capability (TensorRT for RTX).

Exit 1 where a name is missing.
"""

import argparse
import ast
import sys
import zipfile
from pathlib import Path

INFERENCE = Path(__file__).parents[1] / "edge" / "leukoscope_edge" / "inference"
SOURCES = (INFERENCE / "nvidia" / "compiler.py", INFERENCE / "runner.py")
THEIRS = frozenset(
    """
    trt builder network parser config profile flags engine MemoryPoolType BuilderFlag
    ILogger ProfilingVerbosity _runtime _engine _context
    """.split()  # noqa: SIM905 - words, not quotes
)
"""Names in those files that hold TensorRT's objects."""
OF_SOME_VERSIONS = frozenset(
    """
    EXPLICIT_BATCH STRONGLY_TYPED FP16 INT8 ComputeCapability num_compute_capabilities
    set_compute_capability
    """.split()  # noqa: SIM905 - as above
)


def main() -> int:
    """Check every wheel; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheels", type=Path, nargs="+")
    names = frozenset[str]().union(
        *(names_used(path.read_text(encoding="utf-8")) for path in SOURCES)
    )
    status = 0
    for wheel in parser.parse_args().wheels:
        missing = names_missing(wheel, names)
        gone = sorted(missing - OF_SOME_VERSIONS)
        note = f"; only of other versions: {sorted(missing & OF_SOME_VERSIONS)}"
        print(f"{wheel.name}: {len(names)} names, missing {gone}{note}")
        status |= bool(gone)
    return status


def names_used(source: str) -> frozenset[str]:
    """Return the attributes that a source asks of TensorRT's objects."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            holder = node.value
            name = holder.attr if isinstance(holder, ast.Attribute) else None
            name = holder.id if isinstance(holder, ast.Name) else name
            if name in THEIRS:
                found.add(node.attr)
    return frozenset(found)


def names_missing(wheel: Path, names: frozenset[str]) -> frozenset[str]:
    """Return the names that stand nowhere in a wheel's library."""
    with zipfile.ZipFile(wheel) as files:
        library = b"".join(
            files.read(n) for n in files.namelist() if n.endswith((".so", ".py"))
        )
    return frozenset(n for n in names if n.encode() not in library)


if __name__ == "__main__":
    sys.exit(main())
