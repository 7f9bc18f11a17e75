"""Measures and colours of the paper, without the PDF library of `pdf_page`."""

MARGIN_MM, WIDTH_MM = 15.0, 180.0
"""A4 is 210 mm wide."""
RGB = tuple[int, int, int]
INK: RGB = (27, 27, 27)
