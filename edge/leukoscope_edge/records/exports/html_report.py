"""The contact sheet: one HTML file with every cell, that opens anywhere, offline.

Pictures are inside the file. Names from outside are escaped. No script, no font, no
style from elsewhere. In another language than English, the verdict and the intended use
stand in English too, as on paper.
"""

import base64
from html import escape

from leukoscope_edge import __version__
from leukoscope_edge.i18n import ENGLISH, Language
from leukoscope_edge.records.exports.cell_words import model_said
from leukoscope_edge.records.exports.result_json import INTENDED_USE
from leukoscope_edge.records.pictures import jpeg_bytes
from leukoscope_edge.types import U8, Cell, ImageReport, ModelUsed, Screening

JPEG_QUALITY = 88
BAR_UM = 10
CALL_WORDS = {"blast": "blast-like", "normal": "normal", "unclear": "unclear"}
STATUS_WORDS = {"refused": "not usable", "skipped": "left out"}

STYLE = """
body{font:16px/1.45 system-ui,sans-serif;margin:0 auto;max-width:1080px;padding:16px;
color:#1b1b1b;background:#fff}
h1{font-size:1.35rem;margin:.2em 0}h2{font-size:1.05rem;margin:1.6em 0 .5em}
.use,.sim{padding:8px 12px;border-radius:6px}.use{background:#eef2f6}
.sim{background:#7a1fa2;color:#fff;font-weight:700;letter-spacing:.04em}
.verdict{font-size:1.25rem;font-weight:600;border-inline-start:6px solid #1f4e79;
padding:6px 12px;margin:14px 0}
table{border-collapse:collapse}
td,th{padding:3px 0;padding-inline-end:14px;text-align:start;vertical-align:top}
.cells{display:grid;grid-template-columns:repeat(auto-fill,minmax(142px,1fr));gap:10px}
figure{margin:0;border:2px solid #c9d1d9;border-radius:6px;padding:5px;
break-inside:avoid}
figure.blast{border:4px solid #a40000}figure.unclear{border:3px dashed #8a6100}
.pic{position:relative}.pic img{width:100%;display:block;border-radius:3px}
.bar{position:absolute;inset-inline-start:6%;bottom:6%;height:3px;background:#000;
outline:1px solid #fff}
figcaption{font-size:.8rem;line-height:1.3;overflow-wrap:anywhere}
figcaption b{font-size:.92rem}
@media print{body{max-width:none}}
"""


def report_bytes(screening: Screening, language: Language = ENGLISH) -> bytes:
    """Return the contact sheet of a screening as a UTF-8 HTML file."""
    parts = [
        f"<!doctype html><html lang={language.code} dir={language.direction}>",
        "<meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>Leukoscope: {escape(screening.source)}</title>",
        f"<style>{STYLE}</style>",
        _head(screening, language),
        _facts(screening, language),
        _gallery("Cells, most suspicious first", screening.cells, screening, language),
        _gallery(
            "Cut off by the edge of the image, not counted",
            screening.cut_off_cells,
            screening,
            language,
        ),
        _left_out(screening.images, language),
        "</html>\n",
    ]
    return "\n".join(p for p in parts if p).encode()


def _head(screening: Screening, language: Language) -> str:
    simulated = screening.domain == "simulated"
    mark = _say(language, "SIMULATION: no blood was looked at")
    notes = "".join(f"<p>{_say(language, n)}</p>" for n in screening.notes)
    use, sentence = (
        _say(language, INTENDED_USE),
        escape(_verdict(screening, language)),
    )
    in_english = "lang=en dir=ltr"
    is_english = use == escape(INTENDED_USE)
    return (
        f"<h1>{_say(language, 'Leukoscope report')}</h1>"
        + (f"<p class=sim>{mark}</p>" if simulated else "")
        + f"<p class=use>{use}</p>"
        + ("" if is_english else f"<p class=use {in_english}>{INTENDED_USE}</p>")
        + f"<p class=verdict>{sentence}</p>"
        + ("" if is_english else f"<p {in_english}>{escape(screening.sentence)}</p>")
        + notes
    )


def _verdict(screening: Screening, language: Language) -> str:
    simulated = screening.domain == "simulated"
    mark = f"{language('SIMULATION')}: " if simulated else ""
    return mark + screening.verdict.said(language)


def _facts(screening: Screening, language: Language) -> str:
    statuses = [i.status for i in screening.images]
    unit = "frames of one slide" if screening.is_sequence else "separate fields"
    scale, verdict = screening.scale_um_per_px, screening.verdict
    unit_um = language("µm per pixel")
    rows = {
        "Source": screening.source,
        "Images looked at": f"{statuses.count('screened')} / {len(statuses)} "
        f"({language(unit)})",
        "Usable cells": str(verdict.n_cells),
        "blast-like": str(verdict.n_blast),
        "unclear": str(verdict.n_unclear),
        "Smudge cells": str(screening.n_smudges),
        "Scale": f"{scale:.4g} {unit_um}" if scale else language("not known"),
        "Model": f"{screening.model.id} (sha256 {screening.model.sha256[:16]}…)",
        "Ran on": _ran_on(screening.model),
        "Cells found by": language(screening.segmenter),
        "Software": f"leukoscope {__version__}",
    }
    cells = (
        f"<tr><th>{_capital(_say(language, k))}<td><bdi>{escape(v)}</bdi>"
        for k, v in rows.items()
    )
    return f"<table>{''.join(cells)}</table>"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ran_on(model: ModelUsed) -> str:
    note = f" (TensorRT did not serve: {model.fallback})" if model.fallback else ""
    return model.engine + note


def _gallery(
    title: str, cells: tuple[Cell, ...], screening: Screening, language: Language
) -> str:
    if not cells:
        return ""
    order = sorted(cells, key=lambda c: -(c.call.p_blast if c.call else 0.0))
    bar_percent = 100 * BAR_UM / screening.view_um if screening.scale_um_per_px else 0
    figures = "".join(_figure(c, bar_percent, language) for c in order)
    note = f" ({_say(language, 'bar')}: {BAR_UM} µm)" if bar_percent else ""
    head = f"<h2>{_say(language, title)}: {len(cells)}{note}</h2>"
    return f"{head}<div class=cells>{figures}</div>"


def _figure(cell: Cell, bar_percent: float, language: Language) -> str:
    if cell.call is None:
        raise ValueError(f"cell {cell.id} has no call yet")
    call = cell.call.name.value
    word = _say(language, CALL_WORDS[call])
    word = word.upper() if call == "blast" else word
    said = model_said(cell.call.name, cell.call.p_blast, language)
    bar = f"<div class=bar style='width:{bar_percent:.1f}%'></div>"
    return (
        f"<figure class={call}><div class=pic><img alt='cell {cell.id}' "
        f"src='{_picture(cell.best.view)}'>{bar if bar_percent else ''}</div>"
        f"<figcaption><b>{word}</b><br>{escape(said)}<br>"
        f"{_say(language, 'cell')} {cell.id} · <bdi>{escape(cell.best.frame)}</bdi>"
        "</figcaption></figure>"
    )


def _picture(view: U8) -> str:
    data = jpeg_bytes(view, JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


def _left_out(images: tuple[ImageReport, ...], language: Language) -> str:
    rows = [
        f"<tr><td><bdi>{escape(i.name)}</bdi>"
        f"<td>{_say(language, STATUS_WORDS.get(i.status, i.status))}"
        f"<td>{_say(language, i.reason)}"
        for i in images
        if i.status != "screened"
    ]
    if not rows:
        return ""
    heads = "".join(f"<th>{_say(language, h)}" for h in ("Image", "What", "Why"))
    return (
        f"<h2>{_say(language, 'Images not screened')}: {len(rows)}</h2>"
        f"<table><tr>{heads}{''.join(rows)}</table>"
    )


def _say(language: Language, text: str) -> str:
    return escape(language(text))
