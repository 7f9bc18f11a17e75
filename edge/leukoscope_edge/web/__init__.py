"""The technician's page: served by the device, to itself, contacting nothing.

Offers: server.run, trail.
"""
