import re
import subprocess
import sys
from pathlib import Path

from leukoscope_edge.records.exports import INTENDED_USE

ROOT = Path(__file__).parents[2]


def test_the_guides_are_one_file_that_needs_no_other(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "guide.html"
    command = [sys.executable, str(ROOT / "tools" / "print_guide.py"), "--out", out]
    subprocess.run(command, check=True, capture_output=True)
    page = out.read_text(encoding="utf-8")
    ids = re.findall(r'<section id="([^"]+)"', page)
    pages = list((ROOT / "docs" / "guide" / "technician").glob("*.md"))
    assert len(ids) == len(set(ids)) == len(pages) + 3
    assert page.count(INTENDED_USE) > len(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(addresses) > 30
    outside = [a for a in addresses if not a.startswith(("#", "data:image/png"))]
    assert outside == []
    assert "<script" not in page
    assert "<table>" in page
