"""The explanation of one cell for the page: numbers, a map, cells that look alike."""

from dataclasses import asdict
from typing import Any

import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.inference import (
    Bundle,
    call_for,
    heat_picture,
    occlusion_map,
    p_blast,
)
from leukoscope_edge.records import apart, from_png, png_bytes
from leukoscope_edge.records.slides import CellRecord
from leukoscope_edge.vision import Features, measure_features, nearest_indices
from leukoscope_edge.web.device import Device

N_ALIKE = 4


def explanation(device: Device, slide: str, cell: CellRecord) -> dict[str, Any]:
    """Return what is known of a cell as plain JSON values.

    Args:
        device: The device.
        slide: The cell's slide.
        cell: The cell, one that the model judged.
    """
    scale = device.bundle.card.input.scale_um_per_px
    crop = sharpest_crop(device, slide, cell)
    features = None if crop is None else measure_features(crop, scale)
    return {
        "cell": cell.id,
        "call": cell.call.value if cell.call else None,
        "p_blast": cell.p_blast,
        "word": cell.word.value if cell.word else None,
        "judged_by": cell.judged_by,
        "n_sightings": cell.n_sightings,
        "n_crops": cell.n_crops,
        "frame": cell.frame,
        "features": asdict(features) if features else None,
        "alike": _alike(device.bundle, features),
    }


def sharpest_crop(device: Device, slide: str, cell: CellRecord) -> U8 | None:
    """Return the crop that the model judged, None for a cell that a person added."""
    if not cell.crops:
        return None
    crops: U8 = apart(from_png(device.store.pictures.read(slide, cell.crops)))
    return np.ascontiguousarray(crops[0])


def heat_png(device: Device, slide: str, cell: CellRecord) -> bytes | None:
    """Return the occlusion map over a cell as a PNG file, None without a crop."""
    crop = sharpest_crop(device, slide, cell)
    if crop is None:
        return None
    view = from_png(device.store.pictures.read(slide, cell.view))
    return png_bytes(heat_picture(view, occlusion_map(device.engine, crop)))


def _alike(bundle: Bundle, own: Features | None) -> list[dict[str, Any]]:
    """Return the bundle's stored cells that measure most alike, with their calls."""
    if own is None:
        return []
    scale = bundle.card.input.scale_um_per_px
    measured = [measure_features(c, scale) for c in bundle.golden.crops]
    known = [i for i, f in enumerate(measured) if f is not None]
    others = [f for f in measured if f is not None]
    card = bundle.card
    probabilities = p_blast(bundle.golden.logits, card.decision.temperature)
    calls = [call_for(float(p), card.decision) for p in probabilities]
    return [
        {"golden": known[i], "call": calls[known[i]].name.value}
        for i in nearest_indices(own, others, N_ALIKE)
    ]
