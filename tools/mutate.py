"""Change single lines of safety code, each alone: do the related tests notice?

    python tools/mutate.py [--room counting] [--only FILE] [--sample 40] [--seed 0]

Comparisons are turned or lose their edge, `and` and `or` change places, a `not` is
taken away, a refusal is not raised, 0 and 1 change places, a maximum becomes a minimum.
Each mutant is a copy of the package; the tests of its room run against it. What
survives is named: it is a missing test, or stands in docs/mutations.md with the reason.
"""

import argparse
import ast
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "edge" / "leukoscope_edge"
TESTS = ROOT / "tests" / "edge"
ROOMS: dict[str, dict[str, tuple[str, ...]]] = {
    "counting": {
        "counting/verdict.py": ("counting/test_verdict.py",),
        "counting/call_counts.py": (
            "counting/test_call_counts.py",
            "counting/test_verdict.py",
        ),
        "counting/evidence.py": ("counting/test_evidence.py",),
        "counting/statistics.py": (
            "counting/test_statistics.py",
            "counting/test_verdict.py",
        ),
        "counting/stop_rule.py": ("counting/test_stop_rule.py",),
        "counting/cells.py": ("counting/test_cells.py",),
        "counting/background.py": ("counting/test_background.py",),
        "counting/fraction.py": ("counting/test_fraction.py",),
        "counting/context.py": ("counting/test_verdict.py",),
        "counting/quality_slide.py": ("counting/test_quality_slide.py",),
    },
    "inference": {
        "inference/card.py": ("inference/test_card.py",),
        "inference/bundle.py": ("inference/test_bundle.py",),
        "inference/selftest.py": (
            "inference/test_selftest.py",
            "inference/test_cascade.py",
        ),
        "inference/onnx_policy.py": ("inference/test_onnx_policy.py",),
        "inference/classifier.py": ("inference/test_classifier.py",),
    },
    "records": {
        "records/events.py": ("records/test_audit.py", "records/test_records.py"),
        "records/ledger.py": (
            "records/test_audit.py",
            "records/test_store.py",
            "records/test_slide_state.py",
        ),
        "records/recovery.py": ("records/test_recovery.py",),
        "records/backups/backup.py": ("records/test_backup.py",),
        "records/backups/sealed_file.py": ("records/test_backup.py",),
        "records/backups/restore_step.py": (
            "records/test_backup.py",
            "records/test_recovery.py",
        ),
        "records/identities.py": ("records/test_store.py", "records/test_audit.py"),
        "records/keys.py": ("records/test_store.py", "records/test_audit.py"),
        "records/head_file.py": ("records/test_head_file.py",),
        "records/integrity.py": (
            "records/test_maintenance.py",
            "records/test_recovery.py",
        ),
    },
    "updates": {
        "updates/manifest.py": ("updates/test_install.py", "updates/test_attacks.py"),
        "updates/install.py": ("updates/test_install.py", "updates/test_faults.py"),
        "updates/verify.py": ("updates/test_verify.py", "updates/test_attacks.py"),
    },
    "web": {
        "web/security.py": ("web/test_security.py",),
        "web/access.py": ("web/test_accounts.py", "web/test_security.py"),
    },
    "service": {"service/restart_policy.py": ("service/test_restart_policy.py",)},
    "capture": {
        "capture/stored/containers.py": (
            "capture/test_decode.py",
            "capture/test_damage.py",
        ),
        "capture/stored/damage.py": ("capture/test_damage.py",),
        "capture/stored/tiff.py": ("capture/test_tiff.py",),
        "capture/stored/jpeg.py": ("capture/test_decode.py", "capture/test_damage.py"),
    },
}
"""Safety code by room, and the tests that hold it."""
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
EXCHANGED = {"max": "min", "min": "max", "any": "all", "all": "any"}
PATIENCE_S = 240
NOT_NEW = "ignore::pytest.PytestAssertRewriteWarning"
"""What is loaded before pytest, which it would read once more."""
PRELOADED = (
    *("cv2", "numpy", "onnx", "onnxruntime", "hypothesis", "fastapi", "fpdf", "tuf"),
    *("cryptography.hazmat.primitives.ciphers.aead", "starlette.testclient"),
)
"""Imported once and not for each mutant; nothing of ours, which each imports anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One changed line.

    Attributes:
        file: In the package.
        line: From 1.
        was: The text that stood there.
        now: What stands there instead.
        start: Where it stood: line and column.
        end: Where it ended.
    """

    file: str
    line: int
    was: str
    now: str
    start: tuple[int, int]
    end: tuple[int, int]


def mutants_of(file: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    for node in ast.walk(ast.parse(source)):
        changed = _changed(node)
        if changed is None or not isinstance(node, ast.expr | ast.stmt):
            continue
        was = ast.get_source_segment(source, node) or ""
        yield Mutant(
            file=file,
            line=node.lineno,
            was=was,
            now=ast.unparse(changed),
            start=(node.lineno, node.col_offset),
            end=(node.end_lineno or node.lineno, node.end_col_offset or 0),
        )


def _changed(node: ast.AST) -> ast.AST | None:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=right) if type(op) in TURNED:
            return ast.Compare(left=left, ops=[TURNED[type(op)]()], comparators=right)
        case ast.BoolOp(op=op, values=values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            return ast.BoolOp(op=other, values=values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
        case ast.Raise(exc=ast.Call()):
            return ast.Pass()
        case ast.Constant(value=int() as number) if type(number) is int:
            return ast.Constant(value=1 - number) if number in (0, 1) else None
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if (
            name in EXCHANGED
        ):
            func = ast.Name(id=EXCHANGED[name])
            return ast.Call(func=func, args=args, keywords=keywords)
    return None


def applied(source: str, mutant: Mutant) -> str:
    """Return a module's text with a mutant's change."""
    lines = source.encode().split(b"\n")
    (top, left), (bottom, right) = mutant.start, mutant.end
    before, behind = lines[top - 1][:left], lines[bottom - 1][right:]
    changed = [before + f"({mutant.now})".encode() + behind]
    if mutant.now == "pass":
        changed = [before + b"pass" + behind]
    return b"\n".join([*lines[: top - 1], *changed, *lines[bottom:]]).decode()


def survives(mutant: Mutant, tests: tuple[str, ...], folder: Path) -> bool:
    """Say whether the tests pass on the changed program."""
    package = folder / "leukoscope_edge"
    source = (PACKAGE / mutant.file).read_text()
    (package / mutant.file).write_text(applied(source, mutant))
    forked = multiprocessing.get_context("fork").Process
    child = forked(target=_run_tests, args=(tests, folder))
    try:
        child.start()
        child.join(PATIENCE_S)
        return child.exitcode == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid or 0, signal.SIGKILL)
        child.join()
        (package / mutant.file).write_text(source)


def _run_tests(tests: tuple[str, ...], folder: Path) -> None:
    """Run tests on a copy of the package, in a process of their own; exit as pytest."""
    os.setsid()
    os.chdir(ROOT)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    earlier = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), earlier])
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    words = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", "-W", NOT_NEW]
    os._exit(pytest.main([*words, *(str(TESTS / t) for t in tests)]))


def main() -> int:
    """Try mutants; 1 where one survives."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--room", choices=ROOMS, action="append")
    parser.add_argument("--only", help="one file of the package")
    parser.add_argument("--sample", type=int, help="so many of each file, at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for name in PRELOADED:
        import_module(name)
    rank, survived, counts = random.Random(options.seed), [], {}  # noqa: S311
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        skip = shutil.ignore_patterns("__pycache__", "bundles")
        shutil.copytree(PACKAGE, folder / "leukoscope_edge", ignore=skip)
        (folder / "leukoscope_edge" / "bundles").symlink_to(PACKAGE / "bundles")
        for room in options.room or ROOMS:
            for file, tests in ROOMS[room].items():
                if options.only not in (None, file):
                    continue
                found = list(mutants_of(file, (PACKAGE / file).read_text()))
                n = min(len(found), options.sample or len(found))
                tried = rank.sample(found, n)
                lived = []
                for m in tried:
                    if survives(m, tests, folder):
                        lived.append(m)
                        what = f"{file}:{m.line}: {m.was!r} -> {m.now!r}"
                        print(what, file=sys.stderr, flush=True)
                survived += lived
                counts[file] = (len(found), n, len(lived))
                if not options.json:
                    print(f"{file}: {n} of {len(found)} tried, {len(lived)} survive")
    if options.json:
        print(json.dumps({"files": counts, "survived": [asdict(m) for m in survived]}))
    return int(bool(survived))


if __name__ == "__main__":
    sys.exit(main())
