"""Cut the fonts that the page and the paper bring down to what they can be asked for.

    python tools/subset_fonts.py /usr/share/fonts/truetype/noto

Takes Debian's `fonts-noto-core` and writes `edge/leukoscope_edge/fonts`: each cut as
TTF (the PDF library shapes with it) and as WOFF2 (the browser fetches it), one table of
glyphs in both, so that a word is equally wide on the screen and on paper. The same
input gives the same bytes.
"""

import argparse
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from leukoscope_edge.records.exports import SUMS_NAME, digest_of

OUT = Path(__file__).parents[1] / "edge/leukoscope_edge/fonts"
BASE = [
    (0x0020, 0x007E),  # Basic Latin
    (0x00A0, 0x024F),  # Latin-1, Extended-A and -B: names of Europe and Africa
    (0x0259, 0x0259),  # schwa
    (0x02B0, 0x036F),  # modifier letters and marks that combine
    (0x0370, 0x04FF),  # Greek, Cyrillic
    (0x1E00, 0x1EFF),  # Vietnamese, and Latin transcription of Indian scripts
    (0x2000, 0x206F),  # dashes, quotation marks, spaces, marks of direction
    (0x2070, 0x209C),  # raised and lowered figures
    (0x20A0, 0x20BF),  # currencies
    (0x2116, 0x2122),  # numero, trade mark
    (0xFFFD, 0xFFFD),  # what could not be read
]
ARABIC = [
    (0x0600, 0x06FF),
    (0x0750, 0x077F),  # letters of Urdu, Persian and African languages
    (0x200C, 0x200F),
    (0x25CC, 0x25CC),  # carries a mark that stands alone
]
DEVANAGARI = [(0x0900, 0x097F), (0x200C, 0x200D), (0x25CC, 0x25CC), (0xA8E0, 0xA8FF)]
MATH = [(0x2190, 0x2199), (0x2212, 0x2212), (0x2248, 0x2248), (0x2260, 0x2265)]
SYMBOLS = [(0x232B, 0x232B), (0x25A0, 0x25CF), (0x2713, 0x2718)]
CUTS: dict[str, list[tuple[int, int]]] = {
    "NotoSans-Regular": BASE,
    "NotoSans-Bold": BASE,
    "NotoSansArabic-Regular": ARABIC,
    "NotoSansArabic-Bold": ARABIC,
    "NotoSansDevanagari-Regular": DEVANAGARI,
    "NotoSansDevanagari-Bold": DEVANAGARI,
    "NotoSansMath-Regular": MATH,
    "NotoSansSymbols2-Regular": SYMBOLS,
}
"""First and last code point of each block that stays, by font."""


def subset(source: Path, ranges: list[tuple[int, int]]) -> TTFont:
    """Return a font with the glyphs of some blocks and all that shapes them."""
    font = TTFont(source, recalcTimestamp=False)
    options = Options(hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14])
    cutter = Subsetter(options)
    cutter.populate(unicodes=[p for low, high in ranges for p in range(low, high + 1)])
    cutter.subset(font)
    return font


def write_cut(name: str, folder: Path, out: Path) -> int:
    """Write one cut in both forms and return their bytes together."""
    font = subset(folder / f"{name}.ttf", CUTS[name])
    paths = [out / f"{name}.ttf", out / f"{name}.woff2"]
    for path, flavor in zip(paths, (None, "woff2"), strict=True):
        font.flavor = flavor
        font.save(path)
    return sum(p.stat().st_size for p in paths)


def write_sums(out: Path) -> None:
    """Write what each font hashes to, which `leukoscope doctor` reads."""
    fonts = sorted(p for p in out.iterdir() if p.suffix in (".ttf", ".woff2"))
    lines = [f"{digest_of(path)}  {path.name}\n" for path in fonts]
    (out / SUMS_NAME).write_text("".join(lines))


def main() -> None:
    """Cut every font."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the whole fonts are")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    args.out.mkdir(exist_ok=True)
    sizes = {name: write_cut(name, args.folder, args.out) for name in CUTS}
    write_sums(args.out)
    for name, n_bytes in sizes.items():
        print(f"{name:28} {n_bytes / 1000:6.0f} kB")
    print(f"{'all':28} {sum(sizes.values()) / 1000:6.0f} kB")


if __name__ == "__main__":
    main()
