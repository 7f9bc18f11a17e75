"""What is wrong with the pictures stands on the road to the verdict."""

from dataclasses import replace
from itertools import zip_longest

import cv2
import numpy as np
import pytest
from tests.simulated import first_frames

from leukoscope_edge.counting import (
    NOTHING_GATHERED,
    Evidence,
    Gathered,
    gather,
    together,
)
from leukoscope_edge.counting.gathered import (
    N_COLOURS,
    N_MEASURED,
    Bearing,
    bearing_of,
    is_measured,
)
from leukoscope_edge.screening_result import ImageReport
from leukoscope_edge.types import Frame, PictureFacts
from leukoscope_edge.vision.scale import FrameScale, FrameSizes, estimate_source_scale

SCALE = 0.1
FRAMES = first_frames(8)
BEARINGS = [bearing_of(f, measures=True) for f in FRAMES]
SCREENED = [ImageReport(name=f.name, status="screened") for f in FRAMES]


def ids(
    bearings: list[Bearing],
    images: list[ImageReport] | None = None,
    *,
    scale: float | None = SCALE,
    is_sequence: bool = False,
) -> list[tuple[str, bool]]:
    evidence = Evidence(scale, is_sequence=is_sequence)
    listed = SCREENED[: len(bearings)] if images is None else images
    for image, bearing in zip_longest(listed, bearings):
        evidence.add(image or SCREENED[0], bearing)
    found = evidence.doubts()
    return [(d.reason.id, d.spoils_calls) for d in found]


def changed(**changes: object) -> list[Bearing]:
    return [replace(b, **changes) for b in BEARINGS]  # type: ignore[arg-type]


def test_nothing_seen_is_nothing_wrong() -> None:
    assert ids([], []) == []


def test_good_pictures_are_not_doubted() -> None:
    assert ids(BEARINGS) == []


def test_what_files_say_of_the_scale_contradicts_none_where_none_was_given() -> None:
    said = changed(um_per_px=3 * SCALE)
    assert ids(said, scale=None) == []
    assert [id_ for id_, _ in ids(said)] == ["tags"]


@pytest.mark.parametrize("step", [1, -1])
def test_the_poorest_compression_is_named(step: int) -> None:
    mixed = [replace(b, jpeg_quality=90 - 10 * i) for i, b in enumerate(BEARINGS[:6])]
    evidence = Evidence(SCALE, is_sequence=False)
    for bearing in mixed[::step]:
        evidence.add(SCREENED[0], bearing)
    (doubt,) = evidence.doubts()
    assert dict(doubt.reason.params)["q"] == 40


def recompressed(frame: Frame, quality: int) -> Frame:
    """A frame as it is after a JPEG."""
    how = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(".jpg", frame.pixels[..., ::-1], how)
    again = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    return replace(frame, pixels=np.asarray(again, np.uint8))


@pytest.mark.parametrize(
    ("said", "measures", "poorer"),
    [(None, True, 30), (90, True, 30), (20, True, 20), (90, False, 90)],
)
def test_of_a_file_and_what_it_was_before_the_poorer_compression_counts(
    said: int | None, measures: bool, poorer: int
) -> None:
    frame = replace(recompressed(FRAMES[0], 30), facts=PictureFacts(jpeg_quality=said))
    assert bearing_of(frame, measures=measures).jpeg_quality == poorer


def test_one_tag_is_enough_and_the_first_that_contradicts_is_quoted() -> None:
    said = [0.1, None, 0.2, 0.3]
    evidence = Evidence(SCALE, is_sequence=False)
    for bearing, um in zip(BEARINGS, said, strict=False):
        evidence.add(SCREENED[0], replace(bearing, um_per_px=um))
    (doubt,) = evidence.doubts()
    assert dict(doubt.reason.params)["said"] == "0.2"
    last = [*BEARINGS[:-1], replace(BEARINGS[-1], um_per_px=0.2)]
    assert ids(last) == [("tags", False)]


def test_what_is_measured_later_is_heard_after_a_first_answer() -> None:
    evidence = Evidence(2 * SCALE, is_sequence=False)
    assert evidence.doubts() == ()
    for bearing in BEARINGS:
        evidence.add(SCREENED[0], bearing)
    assert [d.reason.id for d in evidence.doubts()] == ["scale-off"]


@pytest.mark.parametrize(
    ("times", "said"),
    [(0.5, True), (0.8, True), (0.9, False), (1.1, False), (1.3, True), (2.0, True)],
)
def test_cells_that_tell_little_of_the_scale_are_not_quoted(
    times: float, said: bool
) -> None:
    sizes = FrameSizes(red_px=(), nuclei_px=(), body_um_per_px=times * SCALE)
    evidence = Evidence(SCALE, is_sequence=False)
    for bearing in BEARINGS:
        evidence.add(SCREENED[0], replace(bearing, sizes=sizes))
    assert [r.id for r in evidence.remarks()] == ["scale-unconfirmed"] * said
    assert evidence.doubts() == ()


@pytest.mark.parametrize(
    ("scale", "said"), [(SCALE, ["scale-unconfirmed"]), (None, [])]
)
def test_a_scale_that_no_cell_speaks_of_is_said_to_be_unconfirmed(
    scale: float | None, said: list[str]
) -> None:
    evidence = Evidence(scale, is_sequence=False)
    assert [r.id for r in evidence.remarks()] == said
    for bearing in changed(
        sizes=FrameSizes(red_px=(), nuclei_px=(), body_um_per_px=None)
    ):
        evidence.add(SCREENED[0], bearing)
    assert [r.id for r in evidence.remarks()] == said


def test_red_cells_that_are_all_narrow_forbid_a_negative() -> None:
    sizes = FrameSizes(
        red_px=(), nuclei_px=(), body_um_per_px=None, stretches=(-0.28,) * 10
    )
    narrow = changed(sizes=sizes)
    assert len(narrow) >= 2
    assert ids(narrow) == [("squashed", False)]
    evidence = Evidence(SCALE, is_sequence=False)
    evidence.add(SCREENED[0], narrow[0])
    assert evidence.doubts() == ()  # ten cells of one frame are too few
    evidence.add(SCREENED[1], narrow[1])
    (doubt,) = evidence.doubts()
    assert dict(doubt.reason.params)["ratio"] == "0.76"


def test_narrow_cells_that_contradict_the_scale_are_said_before_it() -> None:
    """The cure is to mend the pictures' shape, and not to give another scale."""
    narrow = [
        replace(b, sizes=replace(b.sizes, stretches=(-0.28,) * 10))
        for b in BEARINGS
        if b.sizes
    ]
    assert ids(narrow) == [("squashed", False)]
    assert ids(narrow, scale=0.5 * SCALE) == [("squashed", True), ("scale-off", True)]


TOO_FAR = [("scale-off", True)]


@pytest.mark.parametrize(
    ("times", "doubts", "is_said"),
    [
        (None, [], False),
        (0.5, TOO_FAR, False),
        (0.65, TOO_FAR, False),
        (0.75, TOO_FAR, False),
        (0.85, TOO_FAR, False),
        (0.88, [], True),
        (1.0, [], False),
        (1.12, [], True),
        (1.17, TOO_FAR, False),
        (1.3, TOO_FAR, False),
        (1.35, TOO_FAR, False),
        (20.0, TOO_FAR, False),
    ],
)
def test_a_scale_that_the_cells_do_not_confirm_is_remarked_upon_or_refused(
    times: float | None, doubts: list[tuple[str, bool]], is_said: bool
) -> None:
    truth = estimate_source_scale([b.sizes for b in BEARINGS if b.sizes]).um_per_px
    assert truth == pytest.approx(SCALE, rel=0.1)
    given = None if times is None else times * truth
    evidence = Evidence(given, is_sequence=False)
    for bearing in BEARINGS:
        evidence.add(SCREENED[0], bearing)
    assert ids(BEARINGS, scale=given) == doubts
    said = [f"{100 * (times or 1) - 100:+.0f}"] if is_said else []
    assert [dict(r.params)["p"] for r in evidence.remarks()] == said


@pytest.mark.parametrize(
    ("times", "is_off"),
    [(0.1, True), (0.5, True), (1.0, False), (1.1, False), (2.0, True), (20.0, True)],
)
def test_a_scale_that_red_cells_contradict_spoils_the_calls(
    times: float, is_off: bool
) -> None:
    expected = [("scale-off", True)] if is_off else []
    assert ids(BEARINGS, scale=times * SCALE) == expected


def test_without_a_scale_there_is_none_to_contradict() -> None:
    assert ids(BEARINGS, scale=None) == []


@pytest.mark.parametrize(
    ("order", "doubt"),
    [
        ([2, 1, 0], "red-blue"),
        ([1, 0, 2], "red-green"),
        ([0, 2, 1], "green-blue"),
        (None, "inverted"),
    ],
)
def test_exchanged_colours_spoil_the_calls(order: list[int] | None, doubt: str) -> None:
    pixels = [f.pixels[..., order] if order else 255 - f.pixels for f in FRAMES]
    frames = [replace(f, pixels=p) for f, p in zip(FRAMES, pixels, strict=True)]
    found = [bearing_of(f, measures=False) for f in frames]
    assert ids(found) == [(doubt, True)]


@pytest.mark.parametrize(
    ("quality", "expected"),
    [(None, []), (90, []), (70, []), (69, [("compressed", True)])],
)
def test_too_much_compression_spoils_the_calls(
    quality: int | None, expected: list[tuple[str, bool]]
) -> None:
    assert ids(changed(jpeg_quality=quality)) == expected


@pytest.mark.parametrize(
    ("bits", "expected"),
    [(None, []), (3.2, []), (0.8, []), (0.799, [("few-bits", True)])],
)
def test_a_video_of_few_bits_spoils_the_calls(
    bits: float | None, expected: list[tuple[str, bool]]
) -> None:
    key_frame = replace(FRAMES[0], facts=PictureFacts(bits_per_px=bits))
    assert bearing_of(key_frame, measures=False).bits_per_px == bits
    assert ids([*BEARINGS, replace(BEARINGS[0], bits_per_px=bits)]) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, []),
        (0.1, []),
        (0.11, []),
        (0.2, [("tags", False)]),
        (0.08, [("tags", False)]),
    ],
)
def test_tags_that_contradict_the_scale_forbid_a_negative(
    said: float | None, expected: list[tuple[str, bool]]
) -> None:
    assert ids(changed(um_per_px=said)) == expected


@pytest.mark.parametrize(("said", "kept"), [(0.1, 0.1), (84.7, None), (0.0, None)])
def test_what_no_microscope_measures_is_a_printers_tag(
    said: float, kept: float | None
) -> None:
    frame = replace(FRAMES[0], facts=PictureFacts(um_per_px=said))
    assert bearing_of(frame, measures=False).um_per_px == kept


def test_pictures_of_several_sizes_forbid_a_negative() -> None:
    mixed = [*BEARINGS, replace(BEARINGS[0], shape_px=(320, 240))]
    assert ids(mixed) == [("sizes-mixed", False)]


def listed(
    screened: int, skipped: int, refused: int, copies: int = 0
) -> list[ImageReport]:
    image = ImageReport(name="x", status="screened")
    return [
        *[image] * screened,
        *[replace(image, status="skipped")] * skipped,
        *[replace(image, status="refused")] * refused,
        *[replace(image, status="refused", copy_of="y")] * copies,
    ]


@pytest.mark.parametrize(
    ("images", "is_sequence", "expected"),
    [
        (listed(95, 5, 0), False, []),
        (listed(100, 5, 0), False, []),
        (listed(100, 6, 0), False, [("left-out", False)]),
        (listed(50, 0, 50), False, []),
        (listed(50, 0, 51), False, [("left-out", False)]),
        (listed(50, 0, 51), True, []),
        (listed(50, 0, 0, copies=100), False, []),
    ],
)
def test_how_much_was_left_out_forbids_a_negative(
    images: list[ImageReport], is_sequence: bool, expected: list[tuple[str, bool]]
) -> None:
    assert ids(BEARINGS, images, is_sequence=is_sequence) == expected


@pytest.mark.parametrize(("is_sequence", "k"), [(False, 40), (True, 90)])
def test_how_many_were_judged_is_said(is_sequence: bool, k: int) -> None:
    evidence = Evidence(SCALE, is_sequence=is_sequence)
    for image in listed(40, 10, 50):
        evidence.add(image, None)
    (doubt,) = evidence.doubts()
    assert dict(doubt.reason.params) == {"k": k, "n": 100}


def test_lost_frames_of_a_video_are_summed_and_forbid_a_negative() -> None:
    evidence = Evidence(SCALE, is_sequence=True)
    for n_lost in (3, 4, 0):
        evidence.add(replace(SCREENED[0], status="skipped", n_lost=n_lost), None)
    (doubt,) = evidence.doubts()
    assert (doubt.reason.id, dict(doubt.reason.params)["k"]) == ("frames-lost", 7)
    assert not doubt.spoils_calls


def test_without_copies_none_is_counted_as_refused() -> None:
    evidence = Evidence(SCALE, is_sequence=False)
    evidence.add(SCREENED[0], BEARINGS[0])
    assert evidence.frames == {"screened": 1}


def test_so_many_frames_are_measured_and_no_more() -> None:
    assert sum(is_measured(n) for n in range(10_000)) == N_MEASURED
    assert all(is_measured(n) for n in range(12))
    assert [n for n in range(12, 43) if is_measured(n)] == [12, 22, 32, 42]


def test_every_cell_that_was_measured_is_kept_and_all_light() -> None:
    sizes = FrameSizes(red_px=(70.123, 80.0), nuclei_px=(90.0,), body_um_per_px=None)
    bearing = replace(BEARINGS[0], sizes=sizes)
    kept = gather(SCREENED[0], bearing, 0).sizes
    assert kept == (replace(sizes, red_px=(70.12, 80.0)),)
    light = together(Gathered(light={"a": (1.0,)}), Gathered(light={"a": (2.0,)})).light
    assert light == {"a": (1.0, 2.0)}


def spoilt(report: ImageReport) -> ImageReport:
    return replace(report, status="skipped")


SEEN = [
    *zip(SCREENED, BEARINGS, strict=True),
    (spoilt(SCREENED[0]), None),
    (replace(SCREENED[0], status="refused", copy_of="x"), None),
    (replace(SCREENED[0], n_lost=3), replace(BEARINGS[0], shape_px=(9, 9))),
    (SCREENED[1], replace(BEARINGS[1], jpeg_quality=30, um_per_px=0.31)),
    (SCREENED[2], replace(BEARINGS[2], jpeg_quality=80, um_per_px=0.12)),
    (SCREENED[0], replace(BEARINGS[0], bits_per_px=0.51)),
    (SCREENED[1], replace(BEARINGS[1], bits_per_px=0.4)),
]


@pytest.mark.parametrize("n_before", [0, 1, 5, 8, 9, 10, 11, 12, 13, 14, 15])
def test_in_two_parts_frames_bear_witness_of_the_same_as_in_one(n_before: int) -> None:
    whole = Evidence(SCALE, is_sequence=False)
    before = together(NOTHING_GATHERED, NOTHING_GATHERED)
    for number, (report, bearing) in enumerate(SEEN):
        whole.add(report, bearing)
        if number < n_before:
            before = together(before, gather(report, bearing, number))
    again = Evidence(SCALE, is_sequence=False, earlier=before)
    for report, bearing in SEEN[n_before:]:
        again.add(report, bearing)
    assert again._gathered == whole._gathered
    assert again.doubts() == whole.doubts()
    assert again.remarks() == whole.remarks()
    assert again.frames == whole.frames == {"screened": 13, "skipped": 1, "refused": 1}


def test_colours_are_held_evenly_and_of_so_many_frames_at_most() -> None:
    gathered, held = NOTHING_GATHERED, []
    for number in range(5 * N_COLOURS):
        one = gather(SCREENED[0], BEARINGS[0], number)
        gathered = together(gathered, one)
        held.append(len(gathered.colours))
    assert held[:N_COLOURS] == list(range(1, N_COLOURS + 1))
    assert max(held) == N_COLOURS
    assert list(gathered.colours) == list(range(0, 5 * N_COLOURS, 8))


def test_a_doubt_of_the_first_half_stands_after_a_clean_second_half() -> None:
    swapped = [replace(f, pixels=f.pixels[..., ::-1].copy()) for f in FRAMES]
    before = NOTHING_GATHERED
    for number, frame in enumerate(swapped):
        bearing = bearing_of(frame, measures=False)
        before = together(before, gather(SCREENED[0], bearing, number))
    evidence = Evidence(SCALE, is_sequence=True, earlier=before)
    for report, bearing in zip(SCREENED[:7], BEARINGS, strict=False):
        evidence.add(report, bearing)
    assert [d.reason.id for d in evidence.doubts()] == ["red-blue"]


AT, OFF = FrameScale("red cells", 75.0, 4), FrameScale("red cells", 150.0, 4)


def seen_as(
    said: list[FrameScale | None], *, scale: float | None, status: str = "screened"
) -> Evidence:
    evidence = Evidence(scale, is_sequence=False)
    for number, one in enumerate(said):
        bearing = replace(BEARINGS[0], sizes=None, frame_scale=one)
        report = ImageReport(name=str(number), status=status)  # type: ignore[arg-type]
        evidence.add(report, replace(bearing, slide_um_per_px=scale or 0.1))
    return evidence


@pytest.mark.parametrize("scale", [0.1, None])
def test_frames_of_another_objective_forbid_a_negative_and_are_named(
    scale: float | None,
) -> None:
    evidence = seen_as([AT, None, AT, OFF, OFF, OFF], scale=scale)
    assert [(d.reason.id, d.spoils_calls) for d in evidence.doubts()] == [
        ("scale-mixed", False)
    ]
    assert dict(evidence.doubts()[0].reason.params) == {"k": 3, "n": 5}
    assert evidence.off_scale() == {"3", "4", "5"}


@pytest.mark.parametrize("said", [[AT, OFF, OFF], [None] * 5, []])
def test_two_frames_that_contradict_may_be_chance(
    said: list[FrameScale | None],
) -> None:
    evidence = seen_as(said, scale=0.1)
    assert evidence.doubts() == ()
    assert evidence.off_scale() == frozenset()


def test_frames_that_were_not_judged_are_not_asked() -> None:
    assert seen_as([OFF] * 5, scale=0.1, status="refused").off_scale() == frozenset()


def test_where_the_slides_scale_is_not_known_no_frame_is_of_another() -> None:
    evidence = Evidence(None, is_sequence=False)
    for report, bearing in zip(SCREENED, changed(frame_scale=OFF), strict=True):
        evidence.add(report, replace(bearing, sizes=None))
    assert evidence.doubts() == ()
    assert evidence.off_scale() == frozenset()


def test_a_frame_that_knows_no_scale_takes_none_away() -> None:
    evidence = seen_as([AT, AT, OFF, OFF, OFF], scale=None)
    last = replace(BEARINGS[0], sizes=None, slide_um_per_px=None)
    evidence.add(ImageReport(name="5", status="screened"), last)
    assert evidence.off_scale() == {"2", "3", "4", "5"}


def test_where_all_cells_contradict_the_scale_no_part_of_the_frames_is_blamed() -> None:
    assert ids(changed(frame_scale=AT), scale=2 * SCALE) == [("scale-off", True)]
