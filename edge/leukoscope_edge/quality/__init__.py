"""Is the device what it was: control, charts, cell location, illumination, scale."""
