"""What tests of other rooms have as well: records, a publisher."""

from tests.edge.service.conftest import data  # noqa: F401
from tests.edge.updates.conftest import bundle_bytes, publisher  # noqa: F401
