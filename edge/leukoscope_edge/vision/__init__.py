"""Seeing: calibration, quality, segmentation, motion and crops.

Pure: arrays in, values out. Nothing here opens a file, reads a clock or keeps state.
"""
