"""Provision a device twice in a clean root, without a network, and compare.

    debootstrap --variant=minbase --include=python3,python3-venv,systemd bookworm ROOT
    python tools/make_wheelhouse.py --machine x86_64 --python 3.11 STICK
    python tools/provision_twice.py ROOT STICK        (as root)

The first run must make a device that verifies its models; the second must change
nothing: every file is compared by content, mode and owner. ROOT is used up.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

LATELY_WRITTEN = ("__pycache__", "var/lib/systemd", "var/cache", "var/log", "proc")
"""Not of provisioning: written by Python and the operating system as they run."""
INSIDE = Path("mnt/stick")


def main() -> int:
    """Provision twice; return 0 where the second run changed nothing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("stick", type=Path)
    options = parser.parse_args()
    shutil.copytree(options.stick, options.root / INSIDE, dirs_exist_ok=True)
    provision(options.root)
    first = snapshot(options.root)
    provision(options.root)
    second = snapshot(options.root)
    changed = sorted(p for p in first | second if first.get(p) != second.get(p))
    for path in changed:
        print(f"changed by the second run: {path}", file=sys.stderr)
    print(f"{len(first)} files, {len(changed)} changed by the second run")
    return int(bool(changed))


def provision(root: Path) -> None:
    """Run provision.sh in the root, in an empty network namespace."""
    script = f"/{INSIDE}/firmware_config/provision.sh"
    command = ["unshare", "--net", "chroot", str(root), "/bin/sh", script]
    system = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    subprocess.run(command, check=True, env=system)  # noqa: S603 - our own command


def snapshot(root: Path) -> dict[str, str]:
    """Return a line on each file's content, mode and owner, by its path."""
    found = {}
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if not any(part in name for part in LATELY_WRITTEN):
            status = path.lstat()
            found[name] = f"{status.st_mode:o} {status.st_uid} {_content(path)}"
    return found


def _content(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
