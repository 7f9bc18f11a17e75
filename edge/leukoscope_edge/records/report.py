"""The contact sheet: one HTML file with every cell, that opens anywhere, offline.

Pictures are inside the file. Names from outside are escaped. No script, no font, no
style from elsewhere.
"""

import base64
from html import escape

from leukoscope_edge import __version__
from leukoscope_edge.records.pictures import jpeg_bytes
from leukoscope_edge.records.result import INTENDED_USE
from leukoscope_edge.types import U8, Cell, ImageReport, ModelUsed, Screening

JPEG_QUALITY = 88
BAR_UM = 10
CALL_WORDS = {"blast": "BLAST-LIKE", "normal": "normal", "unclear": "unclear"}

STYLE = """
body{font:16px/1.45 system-ui,sans-serif;margin:0 auto;max-width:1080px;padding:16px;
color:#1b1b1b;background:#fff}
h1{font-size:1.35rem;margin:.2em 0}h2{font-size:1.05rem;margin:1.6em 0 .5em}
.use,.sim{padding:8px 12px;border-radius:6px}.use{background:#eef2f6}
.sim{background:#7a1fa2;color:#fff;font-weight:700;letter-spacing:.04em}
.verdict{font-size:1.25rem;font-weight:600;border-left:6px solid #1f4e79;
padding:6px 12px;margin:14px 0}
table{border-collapse:collapse}td,th{padding:3px 14px 3px 0;text-align:left;
vertical-align:top}
.cells{display:grid;grid-template-columns:repeat(auto-fill,minmax(142px,1fr));gap:10px}
figure{margin:0;border:2px solid #c9d1d9;border-radius:6px;padding:5px;
break-inside:avoid}
figure.blast{border:4px solid #a40000}figure.unclear{border:3px dashed #8a6100}
.pic{position:relative}.pic img{width:100%;display:block;border-radius:3px}
.bar{position:absolute;left:6%;bottom:6%;height:3px;background:#000;
outline:1px solid #fff}
figcaption{font-size:.8rem;line-height:1.3;overflow-wrap:anywhere}
figcaption b{font-size:.92rem}
@media print{body{max-width:none}}
"""


def report_bytes(screening: Screening) -> bytes:
    """Return the contact sheet of a screening as a UTF-8 HTML file."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>Leukoscope: {escape(screening.source)}</title>",
        f"<style>{STYLE}</style>",
        _head(screening),
        _facts(screening),
        _gallery("Cells, most suspicious first", screening.cells, screening),
        _gallery(
            "Cut off by the edge of the image, not counted",
            screening.cut_off_cells,
            screening,
        ),
        _left_out(screening.images),
        "</html>\n",
    ]
    return "\n".join(p for p in parts if p).encode()


def _head(screening: Screening) -> str:
    simulated = screening.domain == "simulated"
    mark = "<p class=sim>SIMULATION: no blood was looked at</p>" if simulated else ""
    notes = "".join(f"<p>{escape(n)}</p>" for n in screening.notes)
    return (
        f"<h1>Leukoscope report</h1>{mark}"
        f"<p class=use>{escape(INTENDED_USE)}</p>"
        f"<p class=verdict>{escape(screening.sentence)}</p>{notes}"
    )


def _facts(screening: Screening) -> str:
    statuses = [i.status for i in screening.images]
    unit = "frames of one slide" if screening.is_sequence else "separate fields"
    scale = screening.scale_um_per_px
    rows = {
        "Source": screening.source,
        "Looked at": f"{statuses.count('screened')} of {len(statuses)} images ({unit})",
        "Cells": f"{screening.verdict.n_cells} usable, {screening.verdict.n_blast} "
        f"blast-like, {screening.verdict.n_unclear} unclear",
        "Smudge cells": str(screening.n_smudges),
        "Scale": f"{scale:.4g} µm per pixel" if scale else "not known",
        "Model": f"{screening.model.id} (sha256 {screening.model.sha256[:16]}…)",
        "Ran on": _ran_on(screening.model),
        "Software": f"leukoscope {__version__}",
    }
    cells = (f"<tr><th>{escape(k)}<td>{escape(v)}" for k, v in rows.items())
    return f"<table>{''.join(cells)}</table>"


def _ran_on(model: ModelUsed) -> str:
    note = f" (TensorRT did not serve: {model.fallback})" if model.fallback else ""
    return model.engine + note


def _gallery(title: str, cells: tuple[Cell, ...], screening: Screening) -> str:
    if not cells:
        return ""
    order = sorted(cells, key=lambda c: -(c.call.p_blast if c.call else 0.0))
    bar_percent = 100 * BAR_UM / screening.view_um if screening.scale_um_per_px else 0
    figures = "".join(_figure(c, bar_percent) for c in order)
    note = f" (bar: {BAR_UM} µm)" if bar_percent else ""
    return (
        f"<h2>{escape(title)}: {len(cells)}{note}</h2><div class=cells>{figures}</div>"
    )


def _figure(cell: Cell, bar_percent: float) -> str:
    if cell.call is None:
        raise ValueError(f"cell {cell.id} has no call yet")
    call = cell.call.name.value
    bar = f"<div class=bar style='width:{bar_percent:.1f}%'></div>"
    return (
        f"<figure class={call}><div class=pic><img alt='cell {cell.id}' "
        f"src='{_picture(cell.best.view)}'>{bar if bar_percent else ''}</div>"
        f"<figcaption><b>{CALL_WORDS[call]}</b> p {cell.call.p_blast:.2f}<br>"
        f"cell {cell.id} · {escape(cell.best.frame)}</figcaption></figure>"
    )


def _picture(view: U8) -> str:
    data = jpeg_bytes(view, JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


def _left_out(images: tuple[ImageReport, ...]) -> str:
    rows = [
        f"<tr><td>{escape(i.name)}<td>{i.status}<td>{escape(i.reason)}"
        for i in images
        if i.status != "screened"
    ]
    if not rows:
        return ""
    return (
        f"<h2>Images not screened: {len(rows)}</h2>"
        f"<table><tr><th>Image<th>What<th>Why{''.join(rows)}</table>"
    )
