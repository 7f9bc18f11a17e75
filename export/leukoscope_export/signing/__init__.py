"""Keys, the signed repository of models, and the papers that travel with them.

Offers its command (`publish_cli`) and the list of software in a release.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_export.signing import publish_cli as publish_cli
    from leukoscope_export.signing.model_card_and_sbom import (
        model_component as model_component,
    )
    from leukoscope_export.signing.model_card_and_sbom import (
        sbom_document as sbom_document,
    )
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
