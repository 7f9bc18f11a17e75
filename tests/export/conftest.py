from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.export.publisher import Publisher
from tests.export.striped_run import NOTES, PLAN, striped_cells

from leukoscope_edge.inference import shipped_bundles
from leukoscope_export import cli_steps, runs
from leukoscope_export import release as release_steps
from leukoscope_export.graphs import Files, Method, QatPlan
from leukoscope_train import run_folder
from leukoscope_train.__main__ import main as train
from leukoscope_train.data import save_crops
from leukoscope_train.json_files import write_json

Quantised = dict[tuple[object, ...], Files]


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path)


@pytest.fixture
def bundle() -> Path:
    return shipped_bundles()["simulated-1"]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fitted run, with notes for its release."""
    folder = tmp_path_factory.mktemp("run")
    save_crops(folder / run_folder.CROPS, striped_cells())
    spec = {"side_px": 36, "scale_um_per_px": 0.3, "colour": "masked"}
    write_json(folder / run_folder.SPEC, spec)
    (folder / "plan.toml").write_text(PLAN)
    (folder / "notes.toml").write_text(NOTES)
    plan = str(folder / "plan.toml")
    assert train(["--threads", "1", "fit", "--work", str(folder), "--plan", plan]) == 0
    return folder


@pytest.fixture(scope="session")
def quantised_before() -> Quantised:
    return {}


@pytest.fixture(scope="module")
def each_network_is_quantised_once(quantised_before: Quantised) -> Iterator[None]:
    """The same run is released several times, and its networks stay the same."""

    def quantised(
        run: runs.Run,
        name: str,
        method: Method = "minmax",
        qat: QatPlan | None = None,
    ) -> Files:
        key = (run.folder, name, method, qat)
        if key not in quantised_before:
            quantised_before[key] = plain(run, name, method, qat)
        return quantised_before[key]

    plain = runs.quantised
    with pytest.MonkeyPatch.context() as patch:
        for module in (runs, release_steps, cli_steps):
            patch.setattr(module, "quantised", quantised)
        yield
