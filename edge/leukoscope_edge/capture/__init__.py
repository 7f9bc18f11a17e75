"""Where frames come from: cameras, replayed files and the simulated slide.

Offers: calibrated, camera, cell_drawing, child, exposure, mapped, simulated, source,
stored.decode, stored.replay, v4l2.
"""
