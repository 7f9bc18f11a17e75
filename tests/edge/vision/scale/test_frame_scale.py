"""Frames that another objective took are told by their own cells."""

import pytest

from leukoscope_edge.vision.scale import (
    FrameScale,
    FrameSizes,
    are_mixed,
    frames_off_scale,
    scale_of_frame,
)

RED, NUCLEI = "red cells", "nuclei"
AT = FrameScale(RED, 75.0, 4)
OFF = FrameScale(RED, 150.0, 4)
MUTE = FrameScale(RED, 750.0, 2)


@pytest.mark.parametrize(
    ("red_px", "nuclei_px", "said"),
    [
        ((), (), None),
        ((75.0,), (), None),  # one may be anything
        ((75.0, 76.0), (), FrameScale(RED, 75.5, 2)),
        ((75.0, 190.0), (110.0,), FrameScale(NUCLEI, 110.0, 1)),  # not alike
        ((75.0, 75.0, 20.0), (110.0,), FrameScale(RED, 75.0, 2)),
        ((), (20.0, 20.0, 110.0), FrameScale(NUCLEI, 110.0, 3)),
    ],
)
def test_red_cells_that_are_alike_speak_and_nuclei_where_none_are(
    red_px: tuple[float, ...], nuclei_px: tuple[float, ...], said: FrameScale | None
) -> None:
    sizes = FrameSizes(red_px=red_px, nuclei_px=nuclei_px, body_um_per_px=None)
    found = scale_of_frame(sizes)
    if said is None or found is None:
        assert found is said
        return
    assert (found.witness, found.n) == (said.witness, said.n)
    assert found.diameter_px == pytest.approx(said.diameter_px, rel=1e-3)


@pytest.mark.parametrize(
    ("witness", "width_um", "n", "contradicts"),
    [
        (RED, 7.5, 2, False),
        (RED, 7.5 * 1.39, 2, False),
        (RED, 7.5 * 1.41, 2, True),
        (RED, 7.5 / 1.39, 2, False),
        (RED, 7.5 / 1.41, 2, True),
        (RED, 7.5 * 4.1, 2, None),  # no cell
        (RED, 7.5 / 4.1, 9, None),
        (NUCLEI, 19.9, 1, False),
        (NUCLEI, 20.1, 1, True),
        (NUCLEI, 6.1, 1, False),
        (NUCLEI, 5.9, 2, None),  # platelets
        (NUCLEI, 5.9, 3, True),
        (NUCLEI, 46.0, 3, None),
    ],
)
def test_what_is_far_from_its_size_contradicts_and_what_is_no_cell_is_not_heard(
    witness: str, width_um: float, n: int, contradicts: bool | None
) -> None:
    said = FrameScale(witness, 10 * width_um, n)  # type: ignore[arg-type]
    assert said.contradicts(0.1) is contradicts


@pytest.mark.parametrize(
    ("n_off", "n_at", "n_mute", "mixed"),
    [
        (0, 0, 0, False),
        (2, 1, 0, False),  # two may be chance
        (3, 0, 0, True),
        (3, 57, 9, True),  # one in twenty of those that speak
        (3, 58, 0, False),
    ],
)
def test_a_share_of_frames_and_three_at_least_make_a_mixture(
    n_off: int, n_at: int, n_mute: int, mixed: bool
) -> None:
    assert are_mixed([OFF] * n_off + [AT] * n_at + [MUTE] * n_mute, 0.1) is mixed


@pytest.mark.parametrize(
    ("spoken", "off"),
    [
        ([], ""),
        ([AT, None, AT], ""),
        ([AT, None, OFF, None, AT, None], "bcd"),
        ([None, OFF], "ab"),
        ([OFF, MUTE, AT, AT], "ab"),
    ],
)
def test_a_frame_that_cannot_tell_goes_with_one_beside_it_that_contradicts(
    spoken: list[FrameScale | None], off: str
) -> None:
    named = dict(zip("abcdef", spoken, strict=False))
    assert frames_off_scale(named, 0.1) == frozenset(off)
