import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.train.data.tables import write_table

from leukoscope_train.data import BLAST, NORMAL, CellFile
from leukoscope_train.data.fields import FieldCell, label_of
from leukoscope_train.data.readers import (
    drop_duplicates,
    merge_people,
    people_of,
    read_cells,
    refuse_foreign,
)
from leukoscope_train.errors import DataError


def write_image(path: Path, seed: int = 0) -> str:
    """Write a small image; return its sha256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    cv2.imwrite(str(path), random.integers(0, 255, (24, 24, 3), np.uint8))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labels here"):
        read_cells(tmp_path)
    write_image(tmp_path / "some.png")
    with pytest.raises(DataError, match="no labels here"):
        read_cells(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        read_cells(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "person", "label"),
    [
        ("UID_1_2_3_all.bmp", "UID_1", BLAST),
        ("UID_H1_2_3_hem.bmp", "UID_H1", NORMAL),
        ("UID_h3_2_3_hem.bmp", "UID_H3", NORMAL),
    ],
)
def test_published_names_tell_person_and_label(
    tmp_path: Path, name: str, person: str, label: int
) -> None:
    write_image(tmp_path / "fold_0" / name)
    listing = read_cells(tmp_path)
    assert [(f.person, f.label) for f in listing.files] == [(person, label)]
    assert listing.on_black


def test_people_who_share_an_image_become_one_and_the_copy_is_listed(
    tmp_path: Path,
) -> None:
    for name in ("UID_2_1_1_all.bmp", "UID_3_1_1_all.bmp"):
        write_image(tmp_path / name, seed=1)
    write_image(tmp_path / "UID_3_1_2_all.bmp", seed=2)
    write_image(tmp_path / "notes.png", seed=3)
    listing = read_cells(tmp_path)
    assert {f.person for f in listing.files} == {"UID_2+UID_3"}
    assert len(listing.files) == 2
    assert any("the same image as" in line for line in listing.left_out)
    assert any("gives no subject" in line for line in listing.left_out)


def test_chains_of_shared_images_join_everybody() -> None:
    def cell(person: str, sha256: str) -> CellFile:
        name = Path(f"{person}{sha256}")
        return CellFile(
            path=name, label=1, person=person, split="", source="", sha256=sha256
        )

    chain = [cell("A", "1"), cell("B", "1"), cell("B", "2"), cell("C", "2")]
    alone = cell("D", "3")
    merged = merge_people([*chain, alone])
    assert [f.person for f in merged] == ["A+B+C"] * 4 + ["D"]
    once, again = drop_duplicates(merged)
    assert len(once) == 3
    assert len(again) == 2


def test_a_person_in_both_classes_or_splits_is_refused(tmp_path: Path) -> None:
    head = "file,label,subject_group,split"
    for second in ("b.jpg,hem,7,train", "b.jpg,all,7,held-out"):
        write_table(tmp_path, head, "a.jpg,all,7,train", second)
        with pytest.raises(DataError, match="7 stands in"):
            read_cells(tmp_path)


def test_one_image_under_two_people_is_refused(tmp_path: Path) -> None:
    head = "file,label,subject_group,split,sha256_original"
    write_table(tmp_path, head, "a.jpg,all,1,train,ff", "b.jpg,all,2,train,ff")
    with pytest.raises(DataError, match="the same image for 2 and 1"):
        read_cells(tmp_path)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((), "expected rows"),
        (("file,label",), "expected rows"),
        (("file,label,subject_group,split", "a.jpg,what,1,train"), "label 'what'"),
    ],
)
def test_a_table_that_is_none_is_refused(
    tmp_path: Path, rows: tuple[str, ...], words: str
) -> None:
    write_table(tmp_path, *rows)
    with pytest.raises(DataError, match=words):
        read_cells(tmp_path)


def test_a_table_tells_what_is_known_of_people(tmp_path: Path) -> None:
    for number in range(3):
        write_image(tmp_path / f"{number}.png", seed=number)
    table = write_table(
        tmp_path,
        "path,label,subject,site,sex,age,ethnicity,split",
        "0.png,blast,p1,Accra,F,7,,train",
        "1.png,normal,p2,Accra,M,44,,train",
        "2.png,,p3,,,,,train",
    )
    listing = read_cells(table)
    assert [f.person for f in listing.files] == ["P1", "P2"]
    assert people_of(listing.files)["P1"].sex == "F"
    assert listing.left_out == [f"{tmp_path / '2.png'}: no label"]


def test_a_person_who_contradicts_themselves_is_refused(tmp_path: Path) -> None:
    table = write_table(
        tmp_path,
        "path,label,subject,sex",
        "0.png,blast,p1,F",
        "1.png,blast,p1,M",
    )
    with pytest.raises(DataError, match="but elsewhere"):
        read_cells(table)


def test_originals_must_stand_on_the_published_list(tmp_path: Path) -> None:
    digest = write_image(tmp_path / "data" / "UID_2_1_1_all.bmp")
    files = read_cells(tmp_path / "data").files
    hashes = tmp_path / "hashes.csv"
    hashes.write_text(f"file,sha256\na.bmp,{digest}\n")
    refuse_foreign(files, hashes)
    hashes.write_text("file,sha256\na.bmp,00\n")
    with pytest.raises(DataError, match="wrong list or altered images"):
        refuse_foreign(files, hashes)
    hashes.write_text("file,md5\na.bmp,00\n")
    with pytest.raises(DataError, match="expected rows with the columns sha256"):
        refuse_foreign(files, hashes)


def test_marked_fields_label_cell_by_cell(tmp_path: Path) -> None:
    write_image(tmp_path / "Im001_1.jpg")
    write_image(tmp_path / "Im002_0.jpg", seed=1)
    (tmp_path / "Im001_1.xyc").write_text("100 50\n\n300\t200\n")
    listing = read_cells(tmp_path)
    assert [f.blasts_px for f in listing.files] == [((100, 50), (300, 200)), None]

    def label_at(x: float, y: float) -> int:
        cell = FieldCell(
            pixels=np.zeros((2, 2, 3), np.uint8),
            area_um2=80,
            centre_px=(x, y),
            scale_um_per_px=0.1,
        )
        return label_of(listing.files[0], cell)

    assert label_at(110, 60) == BLAST
    assert label_at(200, 120) == NORMAL


def test_marked_fields_without_their_points_are_listed(tmp_path: Path) -> None:
    write_image(tmp_path / "Im001_1.jpg")
    write_image(tmp_path / "Im002_0.jpg", seed=1)
    (tmp_path / "Im001_1.xyc").write_text("")
    listing = read_cells(tmp_path)
    assert len(listing.files) == 1
    assert "has none" in listing.left_out[0]
    (tmp_path / "Im001_1.xyc").write_text("here\n")
    with pytest.raises(DataError, match="expected `x y`"):
        read_cells(tmp_path)


def test_class_folders_name_what_they_leave_out(tmp_path: Path) -> None:
    write_image(tmp_path / "lymphocyte" / "a.jpg")
    write_image(tmp_path / "platelet" / "b.jpg")
    listing = read_cells(tmp_path)
    assert [f.label for f in listing.files] == [NORMAL]
    assert listing.left_out == [f"{tmp_path / 'platelet'}: its name is no class"]


@pytest.mark.real
def test_the_share_of_cnmc_has_the_people_that_its_readme_says(real_data: Path) -> None:
    cells = read_cells(real_data / "cnmc", "train").files
    assert len({c.person for c in cells if c.label == 1}) == 28
    assert len({c.person for c in cells if c.label == 0}) == 11
