"""Plans on this device: under which key one is cached, written and read.

A plan is machine code for one GPU and one TensorRT. The cache folder must belong to
this user and be writable by nobody else.
"""

import hashlib
import json
import os
import platform
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

from leukoscope_edge.durable import whole_file
from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.nvidia.compiler import (
    BATCHES,
    WORKSPACE_BYTES,
    Form,
    Precision,
    Runtime,
)
from leukoscope_edge.inference.nvidia.gpu import Gpu

L4T_RELEASE = Path("/etc/nv_tegra_release")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanKey:
    """Everything that a plan depends on. Another value of any is another plan."""

    model_sha256: str
    precision: Precision
    runtime: Runtime
    version: str
    gpu: Gpu
    l4t: str
    machine: str
    batches: tuple[int, int, int] = BATCHES
    workspace_bytes: int = WORKSPACE_BYTES

    def digest(self) -> str:
        """Return the name under which the plan is cached."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def key_for(runtime: Runtime, trt: ModuleType, form: Form, gpu: Gpu) -> PlanKey:
    """Return the key of a model's plan on this device."""
    l4t = L4T_RELEASE.read_text().splitlines()[0] if L4T_RELEASE.exists() else ""
    return PlanKey(
        model_sha256=hashlib.sha256(form.model).hexdigest(),
        precision=form.precision,
        runtime=runtime,
        version=str(trt.__version__),
        gpu=gpu,
        l4t=l4t,
        machine=platform.machine(),
    )


def read_cached(folder: Path, key: PlanKey) -> bytes | None:
    """Return a cached plan, None where there is none or it is damaged."""
    plan, note = _paths(folder, key)
    try:
        data, text = plan.read_bytes(), note.read_text(encoding="utf-8")
        stored = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(stored, dict):
        return None
    return data if stored.get("sha256") == hashlib.sha256(data).hexdigest() else None


def write_cached(folder: Path, key: PlanKey, plan: bytes) -> None:
    """Write a plan aside, sync it and rename it; its note says what it is for."""
    path, note = _paths(folder, key)
    about = {"sha256": hashlib.sha256(plan).hexdigest(), "key": asdict(key)}
    for file_path, data in ((note, json.dumps(about, indent=1).encode()), (path, plan)):
        with whole_file(file_path) as file:
            file.write(data)


def own_folder(folder: Path) -> None:
    """Make the cache folder, or refuse one that others can write to.

    Raises:
        EngineFault: It cannot be made, or is not this user's alone.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as err:
        raise EngineFault(f"{folder}: cannot be made ({err.strerror})") from err
    open_to_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if found.st_uid != os.getuid() or open_to_others:
        raise EngineFault(f"{folder}: others can write here; plans are machine code")


def _paths(folder: Path, key: PlanKey) -> tuple[Path, Path]:
    digest = key.digest()
    return folder / f"{digest}.plan", folder / f"{digest}.json"
