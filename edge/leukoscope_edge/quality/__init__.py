"""Is the device what it was: control, charts, cell location, illumination, scale.

Offers: camera_scale, cell_location, control, illumination, levey_jennings,
site_background.
"""
