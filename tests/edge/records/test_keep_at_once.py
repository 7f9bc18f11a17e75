"""Programs that begin at once in a folder that does not exist lose nothing."""

import subprocess
from pathlib import Path

from leukoscope_edge.isolated import command_of
from leukoscope_edge.records import open_store

N_PROGRAMS = 3


def test_screenings_that_begin_at_once_are_all_kept(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    words = ["screen", "simulated:seed=5,frames=3", "--keep", "--data", str(folder)]
    programs = [
        subprocess.Popen(
            command_of("leukoscope_edge", *words),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(N_PROGRAMS)
    ]
    said = [program.communicate()[1] for program in programs]
    assert [program.returncode for program in programs] == [0] * N_PROGRAMS, said
    store = open_store(folder)
    try:
        assert len(store.reader.slides()) == N_PROGRAMS
        assert store.verify_audit() == []
    finally:
        store.close()
