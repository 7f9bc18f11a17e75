import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "check_tensorrt_names.py"
NAMES = (
    b"__version__ Builder OnnxParser Runtime NetworkDefinitionCreationFlag WORKSPACE "
    b"MemoryPoolType BuilderFlag float32 create_network parse num_errors get_error "
    b"create_builder_config set_memory_pool_limit set_flag STRONGLY_TYPED "
    b"create_optimization_profile set_shape add_optimization_profile "
    b"build_serialized_network deserialize_cuda_engine create_execution_context "
    b"get_tensor_name num_io_tensors get_tensor_dtype get_tensor_shape "
    b"set_tensor_address set_input_shape execute_async_v3 ILogger ERROR "
    b"INTERNAL_ERROR profiling_verbosity ProfilingVerbosity DETAILED"
)


@pytest.mark.parametrize(
    ("gone", "status"),
    [(b"", 0), (b"STRONGLY_TYPED", 0), (b"set_tensor_address", 1), (b"parse", 1)],
)
def test_a_name_that_is_gone_fails(tmp_path: Path, gone: bytes, status: int) -> None:
    wheel = tmp_path / "bindings.whl"
    with zipfile.ZipFile(wheel, "w") as files:
        kept = NAMES.replace(gone, b"gone") if gone else NAMES
        files.writestr("tensorrt_bindings/tensorrt.so", kept)
    done = subprocess.run(
        [sys.executable, str(TOOL), str(wheel)], capture_output=True, text=True
    )
    assert done.returncode == status
    assert (gone.decode() in done.stdout) or not gone


def test_tensorrt_for_rtx_as_it_is_installed_has_every_name(tmp_path: Path) -> None:
    bindings = pytest.importorskip("tensorrt_rtx_bindings")
    wheel = tmp_path / "bindings.whl"
    with zipfile.ZipFile(wheel, "w") as files:
        for path in Path(bindings.__file__).parent.glob("*.so"):
            files.write(path, path.name)
    done = subprocess.run([sys.executable, str(TOOL), str(wheel)], capture_output=True)
    assert done.returncode == 0, done.stdout
