"""The walk by mouse, from the first start to a signed report, in pictures."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from leukoscope_edge.records import open_store
from leukoscope_edge.records.slides.slide import SlideState

CHROMIUM = Path("/usr/bin/chromium")
TOOL = Path(__file__).parents[2] / "tools" / "screenshots.py"
MAX_BYTES = 150_000
N_SCREENS = 26


@pytest.mark.slow
@pytest.mark.skipif(
    not CHROMIUM.exists(),
    reason=f"NO BROWSER at {CHROMIUM}: the page is NOT tested; run `make browser`",
)
def test_walks_a_whole_slide_by_mouse_and_shoots_every_screen(tmp_path: Path) -> None:
    out, data = tmp_path / "screens", tmp_path / "data"
    command = [sys.executable, str(TOOL), "--out", str(out), "--data", str(data)]
    command += ["--source", "simulated:seed=3,cells=40,blasts=0.4,jerks=0"]
    subprocess.run([*command, "--cells", "4"], check=True, timeout=540)
    with open_store(data) as store:
        [slide] = store.reader.slides()
        assert slide.state is SlideState.SIGNED
        assert slide.facts.age.value == "child"
        assert store.reports(slide.id)[0].read_bytes().startswith(b"%PDF")
        assert store.verify_audit() == []
    pictures = sorted(out.glob("*.png"))
    assert len(pictures) == N_SCREENS
    for picture in pictures:
        assert picture.stat().st_size < MAX_BYTES, picture.name
        assert len(set(Image.open(picture).convert("L").tobytes())) > 10, picture.name
