"""Micrometres per pixel: estimated from cells, or measured on a stage micrometer."""
