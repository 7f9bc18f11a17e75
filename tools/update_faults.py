"""Break updates on purpose and count what does not hold.

    python tools/update_faults.py kills --runs 200   kill -9 at random instants
    python tools/update_faults.py cuts --runs 100    power cuts (root, ext4 on a loop)
    python tools/update_faults.py flips --flips 800  single bits, hash check off
    python tools/update_faults.py cost --mib 25      seconds and memory of an install
    python tools/update_faults.py cost --strangers 1000000   the same, on a full stick

A cut is a copy of the disk's backing file while the installer is stopped: what the
disk would hold. It does not show a disk that lies about syncing or tears a sector.
`--without-sync` takes fsync away: `cuts` must find violations then, or it is blind.
Exit status 1 where anything did not hold.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from leukoscope_edge import durable
from leukoscope_edge.arrays import F32
from leukoscope_edge.errors import BundleError, LeukoscopeError, UpdateError
from leukoscope_edge.inference import (
    Bundle,
    OnnxCpuEngine,
    call_for,
    onnx_policy,
    open_bundle,
    p_blast,
    shipped_bundles,
)
from leukoscope_edge.isolated import command_of
from leukoscope_edge.types import Domain
from leukoscope_edge.updates import (
    METADATA,
    SHIPPED,
    TARGETS,
    Code,
    FolderStick,
    UpdateContext,
    active_bundle,
    install,
    read_slot,
    recover,
    refused,
    release_of,
    state,
    trust_root,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.update_sticks import N_RELEASES, Rig, make_rig, write_large_bundle

FAILING = (3, 6)
"""Releases whose trial fails, so that giving up is cut as well."""
TRIAL_S = 0.02
DOMAIN: Domain = "simulated"
IMAGE_BYTES = 160 << 20


def device_at(data: Path) -> UpdateContext:
    """Return a device whose trial takes a moment and fails for some releases."""

    def try_model(folder: Path) -> None:
        time.sleep(TRIAL_S)
        if int(release_of(folder.name).split(".")[1]) in FAILING:
            raise refused(Code.SELF_TEST, "made to fail")

    return UpdateContext(data=data, try_model=try_model, accept=lambda _: "the rig")


def take(device: UpdateContext, stick: Path) -> str:
    """Install from a stick; return the code, "" for done."""
    try:
        with FolderStick(stick) as opened:
            install(device, opened)
    except UpdateError as err:
        return err.code
    return ""


def start(data: Path, rig: Rig) -> None:
    """Make a device that trusts the rig and has its first release."""
    trust_root(data, rig.root)
    take(device_at(data), rig.sticks[0])


def work(data: Path, rig: Rig) -> tuple[int, int]:
    """Fork a child that installs every stick; return its id and what it tells of."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            for number, stick in enumerate(rig.sticks[1:], start=2):
                code = take(device_at(data), stick)
                os.write(tell, f"{number} {code}\n".encode())
        os._exit(0)
    os.close(tell)
    return child, told


def finish(child: int, told: int) -> list[tuple[int, str]]:
    """Kill the child and return what it had acknowledged."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(told) as lines:
        words = [line.rstrip("\n").split(" ") for line in lines]
    return [(int(number), code) for number, code in words]


def violations(data: Path, rig: Rig, told: list[tuple[int, str]]) -> list[str]:
    """Return what does not hold after a cut, before and after the device mends."""
    taken = max((n for n, code in told if code == ""), default=1)
    failed = {n for n, code in told if code == "U11"}
    device, found = device_at(data), []
    for when in ("at once", "after recovery"):
        try:
            active_bundle(data, DOMAIN)
        except LeukoscopeError as err:
            return [f"{when}: {err}"]
        now = state.load(device.models)
        slot = now.lanes[DOMAIN].active
        if slot is None or slot == SHIPPED or read_slot(device.models, slot) is None:
            return [f"{when}: the model in use is {slot}"]
        number = int(release_of(slot).split(".")[1])
        if number < taken or now.floor.sequence < taken:
            found.append(f"{when}: had {taken}, is {number}, {now.floor}")
        if number in failed or number in FAILING:
            found.append(f"{when}: {number} failed and is in use")
        if when == "at once":
            recover(device)
    if state.load(device.models).trial or not state.is_settled(device.models):
        found.append("recovery left something open")
    if take(device, rig.sticks[0]) not in ("U05", "U06"):
        found.append("an old stick came in")
    if take(device, rig.sticks[-1]) not in ("", "U06"):
        found.append("the newest stick does not go in")
    return found


def span_s(rig: Rig, data: Path) -> float:
    """Return how long an undisturbed child takes, so that cuts fall within."""
    start(data, rig)
    began = time.monotonic()
    child, told = work(data, rig)
    os.waitpid(child, 0)
    os.close(told)
    return time.monotonic() - began


def kills(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Kill installers at random instants."""
    rig = make_rig(folder, shipped_bundles()["simulated-1"])
    chance = np.random.default_rng(options.seed)
    longest = span_s(rig, folder / "span")
    found, n_cut = [], 0
    for number in range(options.runs):
        data = folder / f"data{number}"
        start(data, rig)
        child, told = work(data, rig)
        time.sleep(chance.uniform(0, longest))
        acknowledged = finish(child, told)
        n_cut += len(acknowledged) < N_RELEASES - 1
        found += violations(data, rig, acknowledged)
        shutil.rmtree(data)
    return {"runs": options.runs, "in the middle": n_cut, "violations": found}


def command(*words: str) -> None:
    """Run a system command, or fail with what it said."""
    subprocess.run(words, check=True, capture_output=True)  # noqa: S603


@contextlib.contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """Mount an image and give its place."""
    place.mkdir(exist_ok=True)
    command("mount", "-o", "loop", str(image), str(place))
    try:
        yield place
    finally:
        command("umount", str(place))


def _do_not_sync(descriptor: int) -> None:
    """Stand in for fsync where it is to be missed."""


def cuts(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Cut the power at random instants."""
    rig = make_rig(folder, shipped_bundles()["simulated-1"])
    chance = np.random.default_rng(options.seed)
    base, disk, cut = (folder / n for n in ("base.img", "disk.img", "cut.img"))
    with base.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    command("mkfs.ext4", "-q", "-F", str(base))
    with mounted(base, folder / "disk") as place:
        start(place / "data", rig)
        os.sync()
    if options.without_sync:
        durable.sync = _do_not_sync
    longest = span_s(rig, folder / "span")
    found, n_cut = [], 0
    for _ in range(options.runs):
        command("cp", "--sparse=always", str(base), str(disk))
        with mounted(disk, folder / "disk") as place:
            child, told = work(place / "data", rig)
            time.sleep(chance.uniform(0, longest))
            os.kill(child, signal.SIGSTOP)
            command("cp", "--sparse=always", str(disk), str(cut))
            acknowledged = finish(child, told)
        n_cut += len(acknowledged) < N_RELEASES - 1
        with mounted(cut, folder / "cut") as place:
            found += violations(place / "data", rig, acknowledged)
    return {"runs": options.runs, "in the middle": n_cut, "violations": found}


def flips(options: argparse.Namespace, _: Path) -> dict[str, object]:
    """Flip single bits of a model, skip the hash, and see who notices."""
    rows = {}
    for name, folder in shipped_bundles().items():
        chance, bundle = np.random.default_rng(options.seed), open_bundle(folder)
        fates = (_fate(bundle, chance) for _ in range(options.flips))
        rows[name] = dict(Counter(fates))
    return {"flips": options.flips, "fates": rows, "violations": []}


def _fate(bundle: Bundle, chance: np.random.Generator) -> str:
    """Flip one bit; say who notices, or how far the stored cells' logits moved."""
    model = bytearray(bundle.model)
    bit = int(chance.integers(8 * len(model)))
    model[bit // 8] ^= 1 << (bit % 8)
    broken = replace(bundle, model=bytes(model))
    try:
        onnx_policy.check(broken.model)
    except BundleError:
        return "refused by the look inside"
    try:
        with OnnxCpuEngine(broken) as engine:
            logits = engine.run(bundle.golden.crops)
    except Exception:  # the runtime has no common base class for its errors  # noqa: BLE001
        return "refused by the runtime"
    worst = float(np.abs(logits - bundle.golden.logits).max())
    if worst > bundle.card.golden.logit_tolerance:
        return "caught by the stored cells"
    if worst == 0:
        return "missed, the same answers"
    calls = (_calls(bundle, answers) for answers in (logits, bundle.golden.logits))
    same = len(set(calls)) == 1
    return "missed, the same calls" if same else "missed, another call"


def _calls(bundle: Bundle, logits: F32) -> tuple[str, ...]:
    decision = bundle.card.decision
    p = p_blast(logits, decision.temperature)
    return tuple(call_for(float(v), decision).name for v in p)


def cost(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Install a large bundle with its real trial, in a process of its own."""
    rig = make_rig(folder, write_large_bundle(folder / "large", options.mib), 1)
    for part in (METADATA, TARGETS):
        for number in range(options.strangers // 2):
            os.mknod(rig.sticks[0] / part / f"{number}.x", 0o600)
    data = folder / "data"
    trust_root(data, rig.root)
    program = command_of("leukoscope_edge", "model", "install")
    began = time.monotonic()
    child = subprocess.Popen(  # noqa: S603
        [*program, str(rig.sticks[0]), "--data", str(data), "--accept", "a rig"],
        stdout=sys.stderr,
    )
    peaks: dict[str, int] = {}
    while child.poll() is None:
        for name, mib in _peaks_mib(child.pid).items():
            peaks[name] = max(mib, peaks.get(name, 0))
        time.sleep(0.01)
    return {
        "MiB": options.mib,
        "strange files": options.strangers,
        "seconds": round(time.monotonic() - began, 1),
        "peak MiB by process": sorted(peaks.values(), reverse=True),
        "violations": [] if child.returncode == 0 else [f"exit {child.returncode}"],
    }


def _peaks_mib(process: int) -> dict[str, int]:
    """Return the peak resident memory of a process and of its children so far."""
    peaks = {}
    tasks = Path(f"/proc/{process}/task/{process}/children")
    with contextlib.suppress(OSError):
        for name in (str(process), *tasks.read_text().split()):
            lines = Path(f"/proc/{name}/status").read_text().splitlines()
            high = [line.split()[1] for line in lines if line.startswith("VmHWM")]
            peaks[name] = max((int(kib) >> 10 for kib in high), default=0)
    return peaks


def main() -> int:
    """Run one kind of fault and print what was found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("kills", "cuts", "flips", "cost"))
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--flips", type=int, default=800)
    parser.add_argument("--mib", type=int, default=25)
    parser.add_argument(
        "--strangers", type=int, default=0, help="strange files on the stick of `cost`"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-sync", action="store_true")
    options = parser.parse_args()
    kinds: dict[str, Callable[[argparse.Namespace, Path], dict[str, object]]]
    kinds = {"kills": kills, "cuts": cuts, "flips": flips, "cost": cost}
    with (
        tempfile.TemporaryDirectory() as name,
        contextlib.redirect_stdout(sys.stderr),  # the runtime prints there
    ):
        report = kinds[options.kind](options, Path(name))
    print(json.dumps(report, indent=1))
    return 1 if report["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
