"""A library that a C compiler makes of `stub_driver.c`, in the driver's place."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("stub_driver.c")


@pytest.fixture(scope="session")
def compile_stub(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Path]:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")

    def make(*flags: str) -> Path:
        library = tmp_path_factory.mktemp("driver") / "libcuda.so.1"
        command = [compiler, "-shared", "-fPIC", "-O1", "-w", *flags]
        subprocess.run([*command, "-o", str(library), str(SOURCE)], check=True)
        return library

    return make


@pytest.fixture(scope="session")
def stub(compile_stub: Callable[..., Path]) -> Path:
    return compile_stub()
