"""Cells and images: read, cut, drawn, varied and split, people never divided."""
