"""Put everything that a device without a network needs on one USB stick.

    python tools/make_wheelhouse.py --machine aarch64 --python 3.11 /media/stick

    OUT/wheels/                  this version of Leukoscope and what it needs
    OUT/wheels/requirements-1-needs.txt, requirements-2-leukoscope.txt
                                 each wheel's name, version and SHA-256
    OUT/firmware_config/         profiles, units, rules and provision.sh, which
                                 installs from there
    OUT/SHA256SUMS               every file of these two folders; its own SHA-256 is
                                 printed, for a first installation to be compared with;
                                 `leukoscope_export publish software` signs it

Versions and hashes come from `firmware_config/requirements.txt`; whatever PyPI serves
under these names, a file with another hash is refused. Raspberry Pi OS has Python 3.11
(bookworm) or 3.13 (trixie), JetPack 6 has 3.10, JetPack 7 has 3.12.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Set as AbstractSet
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

from leukoscope_edge.durable import sha256_of
from leukoscope_edge.updates import LIST_NAME, parse_list

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "firmware_config" / "requirements.txt"
LISTED, ROOT_NAME = ("wheels", "firmware_config"), "1.root.json"
GLIBC_MINORS = range(17, 36)
"""manylinux names a wheel after the oldest C library that it runs on. JetPack 6
(Ubuntu 22.04) has glibc 2.35, the oldest system that is supported."""


def main() -> None:
    """Make the stick."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--machine", choices=("aarch64", "x86_64"), required=True)
    parser.add_argument(
        "--python", choices=("3.10", "3.11", "3.12", "3.13"), required=True
    )
    parser.add_argument("--root", type=Path, help="the publisher's 1.root.json")
    options = parser.parse_args()
    wheels = options.out / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    pins = pins_for(PINS.read_text(), options.machine, options.python)
    needs = wheels / "requirements-1-needs.txt"
    needs.write_text(pins)
    download(needs, wheels, options.machine, options.python)
    wheel = build(wheels)
    (wheels / "requirements-2-leukoscope.txt").write_text(pin_of(wheel))
    shutil.copytree(PINS.parent, options.out / PINS.parent.name, dirs_exist_ok=True)
    if options.root:
        shutil.copyfile(options.root, options.out / PINS.parent.name / ROOT_NAME)
    fingerprint = write_list(options.out)
    n_bytes = sum(p.stat().st_size for p in wheels.glob("*.whl"))
    n_wheels = len(list(wheels.glob("*.whl")))
    print(f"{options.out}: {n_wheels} wheels, {n_bytes / 1e6:.0f} MB")
    print(f"fingerprint of {LIST_NAME}: {fingerprint}")


def write_list(out: Path) -> str:
    """List each file with its hash, as `sha256sum` does; return the list's own hash."""
    files = [p for folder in LISTED for p in sorted((out / folder).rglob("*"))]
    lines = [f"{sha256_of(p)}  {p.relative_to(out)}\n" for p in files if p.is_file()]
    data = "".join(lines).encode()
    parse_list(data)  # as the device will
    (out / LIST_NAME).write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def pins_for(text: str, machine: str, python: str) -> str:
    """Return the pins that hold on one target, without their conditions.

    pip judges a condition such as `python_version < "3.11"` by the Python that it runs
    in, not by the one that it downloads for.

    Args:
        text: A requirements file with hashes, as `uv pip compile --universal` makes it.
        machine: "aarch64" or "x86_64".
        python: "3.10" and so on.
    """
    target: dict[str, str | AbstractSet[str]] = {
        **{k: str(v) for k, v in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    kept = []
    for pin in text.replace("\\\n", "").splitlines():
        if not pin.strip() or pin.startswith("#"):
            continue
        requirement = Requirement(pin.partition(" --hash=")[0])
        if requirement.marker is None or requirement.marker.evaluate(target):
            hashes = " ".join(w for w in pin.split() if w.startswith("--hash="))
            kept.append(f"{requirement.name}{requirement.specifier} {hashes}\n")
    return "".join(kept)


def download(pins: Path, folder: Path, machine: str, python: str) -> None:
    """Fetch the pinned wheels, whatever machine this is."""
    platforms = [f"--platform=manylinux_2_{n}_{machine}" for n in GLIBC_MINORS]
    pip = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--no-deps"]
    target = [f"--python-version={python}", "--only-binary=:all:", *platforms]
    target += [f"--platform=manylinux2014_{machine}", "--implementation=cp"]
    command = [*pip, *target, "--require-hashes", f"--dest={folder}", "-r", str(pins)]
    subprocess.run(command, check=True)  # noqa: S603 - our own command


def build(folder: Path) -> Path:
    """Build this checkout's wheel into a folder."""
    with tempfile.TemporaryDirectory() as aside:
        command = [
            sys.executable,
            "-I",
            "-m",
            "build",
            "--wheel",
            "--outdir",
            aside,
            str(ROOT),
        ]
        subprocess.run(  # noqa: S603 - our own command
            command, check=True, stdout=subprocess.DEVNULL
        )
        (wheel,) = Path(aside).glob("*.whl")
        return Path(shutil.copy(wheel, folder))


def pin_of(wheel: Path) -> str:
    """Return the requirements line of a wheel."""
    name, version, *_ = wheel.name.split("-")
    digest = sha256_of(wheel)
    return f"{name}=={version} --hash=sha256:{digest}\n"


if __name__ == "__main__":
    main()
