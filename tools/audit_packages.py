"""Look up known weaknesses of every package that a device installs.

    python tools/audit_packages.py

Needs a network, and says loudly where there is none: pip-audit alone reports success
when it could look up nothing. Exit 1: a weakness is known, or some packages could be
looked up and others not. Exit 0: all were looked up, or none could be.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PINS = Path(__file__).resolve().parents[1] / "firmware_config" / "requirements.txt"
NOT_DONE = "NOT LOOKED UP HERE: known weaknesses of the device's packages"
TIMEOUT_S = 120.0


def main() -> int:
    """Ask pip-audit and say what it means."""
    beside = Path(sys.executable).with_name("pip-audit")
    program = str(beside) if beside.exists() else shutil.which("pip-audit")
    if program is None:
        print(f"{NOT_DONE}: pip-audit is not installed", file=sys.stderr)
        return 0
    try:
        found = ask(program)
    except LookupError as err:
        print(f"{NOT_DONE}: {err}", file=sys.stderr)
        return 0
    return judge(found)


def ask(program: str, timeout_s: float = TIMEOUT_S) -> list[dict[str, Any]]:
    """Return what pip-audit found on each package.

    Args:
        program: pip-audit.
        timeout_s: A network that swallows what is sent must not hold us up.

    Raises:
        LookupError: It gave no answer.
    """
    options = ["--require-hashes", "--disable-pip", "--format", "json"]
    try:
        asked = subprocess.run(  # noqa: S603 - our own command
            [program, *options, "--requirement", str(PINS)],
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as err:
        raise LookupError(f"no answer within {timeout_s:g} s") from err
    try:
        found: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError) as err:
        raise LookupError(asked.stderr.strip()[-300:]) from err
    return found


def judge(packages: Sequence[Mapping[str, Any]]) -> int:
    """Say what was found and return the exit status.

    Args:
        packages: As pip-audit lists them: name, and `vulns` or `skip_reason`.
    """
    skipped = [p["name"] for p in packages if p.get("skip_reason")]
    if len(skipped) == len(packages):
        print(f"{NOT_DONE}: no package could be asked about", file=sys.stderr)
        return 0
    weak = [(p["name"], v) for p in packages for v in p.get("vulns", ())]
    for name, weakness in weak:
        mended = ", ".join(weakness.get("fix_versions", ())) or "no version"
        print(f"{name}: {weakness['id']}, mended in {mended}")
    for name in skipped:
        print(f"{name}: could not be looked up")
    print(f"{len(packages) - len(skipped)} packages, {len(weak)} known weaknesses")
    return int(bool(weak or skipped))


if __name__ == "__main__":
    sys.exit(main())
