"""The technician's page: served by the device, to itself, contacting nothing.

Offers: app, device, health, maintenance, records_error_page, security,
server.lifecycle, tls, trail, update_session, whole_requests.
"""
