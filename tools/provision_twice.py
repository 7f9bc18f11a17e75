"""Provision a device twice in a clean root, without a network, and compare.

    debootstrap --variant=minbase --include=python3,python3-venv,systemd bookworm ROOT
    python tools/make_wheelhouse.py --machine x86_64 --python 3.11 STICK
    python tools/provision_twice.py ROOT STICK        (as root)

The first run must make a device that verifies its models; the second must change
nothing: every file is compared by content, mode and owner. ROOT is used up.

A stick that is signed (docs/updates.md, "The program itself") is installed the second
time by the device's own `leukoscope software install`, and must no longer be
provisioned from by hand. What root then trusts is newer, and may change.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from leukoscope_edge.durable import sha256_of
from leukoscope_edge.updates import SETTINGS, SIGNED_FOLDER, TRUST

LATELY_WRITTEN = ("__pycache__", "var/lib/systemd", "var/cache", "var/log", "proc")
"""Not of provisioning: written by Python and the operating system as they run."""
TRUSTED = str((SETTINGS / TRUST).relative_to("/"))
INSIDE = Path("mnt/stick")
SCRIPT = f"/{INSIDE}/firmware_config/provision.sh"
INSTALL = ("/opt/leukoscope/venv/bin/leukoscope", "software", "install", f"/{INSIDE}")


def main() -> int:
    """Provision twice; return 0 where the second run changed nothing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("stick", type=Path)
    options = parser.parse_args()
    shutil.copytree(options.stick, options.root / INSIDE, dirs_exist_ok=True)
    run(options.root, "/bin/sh", SCRIPT)
    first = snapshot(options.root)
    if not (options.stick / SIGNED_FOLDER).is_dir():
        run(options.root, "/bin/sh", SCRIPT)
    elif run(options.root, "/bin/sh", SCRIPT, must=False) == 0:
        sys.exit("a device that takes signed software alone was provisioned by hand")
    else:
        run(options.root, *INSTALL)
    second = snapshot(options.root)
    changed = sorted(p for p in first | second if first.get(p) != second.get(p))
    for path in changed:
        print(f"changed by the second run: {path}", file=sys.stderr)
    print(f"{len(first)} files, {len(changed)} changed by the second run")
    return int(bool(changed))


def run(root: Path, *command: str, must: bool = True) -> int:
    """Run a command in the root, in an empty network namespace.

    Args:
        root: Its file system.
        command: Its words.
        must: It must succeed.

    Returns:
        Its exit status.
    """
    words = ["unshare", "--net", "chroot", str(root), *command]
    system = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.run(words, check=must, env=system).returncode  # noqa: S603 - ours


def snapshot(root: Path) -> dict[str, str]:
    """Return a line on each file's content, mode and owner, by its path."""
    found = {}
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if not any(part in name for part in (*LATELY_WRITTEN, TRUSTED)):
            status = path.lstat()
            found[name] = f"{status.st_mode:o} {status.st_uid} {_content(path)}"
    return found


def _content(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return sha256_of(path) if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
