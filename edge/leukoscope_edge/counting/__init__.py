"""Counting: each cell once, statistics, the stop rule and the verdict.

Pure: values in, values out. Nothing here opens a file or reads a clock.
"""
