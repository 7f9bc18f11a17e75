"""The outline of a cell whose mask has run into its neighbours.

Around the nucleus the picture is unrolled into rays. On each ray the cell ends
somewhere; of all closed paths around the nucleus the one is taken that holds most of
what is cell by most rules, ends on edges, and bends little. A cell is round where
nothing else is known.

Source: dynamic programming over rays, as for cell nuclei in Bamford and Lovell, Signal
Processing 71:203, 1998.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, I32, U8, BoolArray

N_RAYS = 48
"""One every 7.5 degrees: 1 µm apart on the rim of a white cell."""
STEP_UM = 0.16
"""Along a ray."""
MAX_TURN_STEPS = 2
"""From ray to ray, so that the path may lie 18 degrees askew per µm of its length."""
TURN_COST = 0.1
"""Of a step further out or in than the last ray, in steps of sure cell or plasma."""
EDGE_GAIN = 0.1
"""Of one grey level for each step of a ray, in steps of sure cell."""
INSIDE_NUCLEUS = 0.5
"""Cost of a path that cuts the nucleus."""
GAP_STEPS = 3
"""A gap of plasma so wide ends the cell, whatever lies beyond it."""
FRACTION_BITS = 4
"""Of a pixel, in which a polygon's corners are given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rays:
    """What lies along the rays; each (N_RAYS, n_steps) float32."""

    evidence: F32
    edge: F32
    nucleus: BoolArray


def outline(
    nucleus: U8, colours: U8, evidence: F32, reach_px: float, scale_um_per_px: float
) -> U8:
    """Draw the cell around a nucleus, (h, w) uint8 0 or 1.

    Args:
        nucleus: (h, w) uint8.
        colours: (h, w, 3) uint8 RGB.
        evidence: (h, w) float32, from -1, surely not this cell, to 1, surely it.
        reach_px: How far a cell reaches beyond its nucleus.
        scale_um_per_px: Of these.
    """
    step_px = max(1.0, STEP_UM / scale_um_per_px)
    moments = cv2.moments(nucleus, binaryImage=True)
    x, y = (moments[m] / moments["m00"] for m in ("m10", "m01"))
    contours, _ = cv2.findContours(nucleus, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    rim = np.concatenate(contours)[:, 0]
    longest_px = float(np.hypot(rim[:, 0] - x, rim[:, 1] - y).max()) + reach_px
    far_px = np.arange(int(longest_px / step_px) + 2, dtype=np.float32) * step_px
    angles = np.arange(N_RAYS) * (2 * np.pi / N_RAYS)
    direction = np.stack([np.cos(angles), np.sin(angles)], axis=-1).astype(np.float32)
    along = direction[:, None] * far_px[:, None] + np.array([x, y], np.float32)
    rays = _sampled(along, nucleus, colours, evidence)
    ends = _closed_path(_cost(rays, far_px / longest_px, step_px))
    corners = along[np.arange(N_RAYS), ends] * 2**FRACTION_BITS
    cell = np.zeros_like(nucleus)
    cv2.fillPoly(cell, [np.rint(corners).astype(np.int32)], 1, shift=FRACTION_BITS)
    return cell | nucleus


def _sampled(along: F32, nucleus: U8, colours: U8, evidence: F32) -> _Rays:
    """Read the picture at (N_RAYS, n_steps, 2) places; beyond it is no cell."""
    edge, inside = _steepness(colours), nucleus.astype(np.float32)
    return _Rays(
        evidence=_read(evidence, along, cv2.INTER_LINEAR, -1.0),
        edge=_read(edge, along, cv2.INTER_LINEAR, 0.0),
        nucleus=_read(inside, along, cv2.INTER_NEAREST, 0.0) > 0,
    )


def _steepness(colours: U8) -> F32:
    """Return (h, w) float32, grey levels a pixel in the steepest direction."""
    squares = np.zeros(colours.shape, np.float32)
    for direction in ((1, 0), (0, 1)):
        cv2.accumulateSquare(cv2.Sobel(colours, cv2.CV_32F, *direction), squares)
    steep = cv2.sqrt(cv2.transform(squares, np.ones((1, 3), np.float32)))
    return np.asarray(steep / 8, np.float32)


def _read(image: F32, at: F32, way: int, beyond: float) -> F32:
    x, y = (np.ascontiguousarray(at[..., axis]) for axis in (0, 1))
    read = cv2.remap(image, x, y, way, borderValue=beyond)
    return np.asarray(read, np.float32)


def _cost(rays: _Rays, far: F32, step_px: float) -> F32:
    """Return what a path pays for ending each ray at each step."""
    n_steps = len(far)
    last = n_steps - 1 - np.argmax(rays.nucleus[:, ::-1], axis=1)
    last = np.where(rays.nucleus.any(axis=1), last, 0)
    is_past = np.arange(n_steps) > last[:, None]
    even = cv2.blur(rays.evidence, (GAP_STEPS, 1))
    least = np.minimum.accumulate(np.where(is_past, even, 1), axis=1)
    held = np.where(is_past, np.minimum(rays.evidence, least), 1) * far
    cost = INSIDE_NUCLEUS * ~is_past - held.cumsum(axis=1)
    return np.asarray(cost - EDGE_GAIN * step_px * rays.edge, np.float32)


def _closed_path(cost: F32) -> I32:
    """Return (N_RAYS,) steps at which the cheapest path ends the rays.

    It goes one and a half times around, and the middle of that is kept: its ends meet.
    """
    order = np.arange(-N_RAYS // 4, N_RAYS + N_RAYS // 4) % N_RAYS
    n_steps, most = cost.shape[1], MAX_TURN_STEPS
    turn = TURN_COST * np.abs(np.arange(-most, most + 1, dtype=np.float32))[:, None]
    room = np.full(n_steps + 2 * most, np.inf, np.float32)
    nearby = np.lib.stride_tricks.sliding_window_view(room, n_steps)
    total = cost[order[0]]
    paid = np.empty((len(order) - 1, 2 * most + 1, n_steps), np.float32)
    for index, ray in enumerate(order[1:]):
        room[most:-most] = total
        np.add(nearby, turn, out=paid[index])
        total = np.minimum.reduce(paid[index]) + cost[ray]
    came = paid.argmin(axis=1) + (np.arange(n_steps) - most)
    path = [int(total.argmin())]
    for before in came[::-1]:
        path.append(int(before[path[-1]]))
    return np.array(path[::-1], np.int32)[N_RAYS // 4 : N_RAYS // 4 + N_RAYS]
