"""How good calls are: figures, tables, plots, calibration, outliers."""
