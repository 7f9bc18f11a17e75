"""The technician's page: served by the device, to itself, contacting nothing.

Offers `trail`, what people did, whole. `web.server` serves the page.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leukoscope_edge.web import trail as trail
