"""Seeing: calibration, quality, segmentation, motion and crops.

Pure: arrays in, values out. Nothing here opens a file, reads a clock or keeps state.

Offers: cells.growth, cells.masks, cells.objects, colour, colour_order, compression,
crop, features, flatfield, morphology, motion, quality, scale.eyepiece,
scale.red_cells, scale.scale_estimate, scale.stage_micrometer, segmentation,
sightings, tiles, view.
"""
