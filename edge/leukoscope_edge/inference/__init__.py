"""Models: the bundle and its card, the engines, and the call on each cell.

Offers a signed model and its description (`open_bundle`, `Card` and its entries), an
engine on the backend at hand (`open_engine`), the calls (`classify`), cells found by a
network (`ServingSegmenter`), the self-test, the explanation of a call, and the list of
what a model's file may hold (`onnx_policy`). `inference.nvidia` is a room of its own.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.inference import onnx_policy as onnx_policy
    from leukoscope_edge.inference.backend import ACCELERATED as ACCELERATED
    from leukoscope_edge.inference.backend import Backend as Backend
    from leukoscope_edge.inference.backend import open_engine as open_engine
    from leukoscope_edge.inference.background import background_of as background_of
    from leukoscope_edge.inference.background import new_context as new_context
    from leukoscope_edge.inference.bundle import Bundle as Bundle
    from leukoscope_edge.inference.bundle import open_bundle as open_bundle
    from leukoscope_edge.inference.bundle import (
        shipped_bundle_for as shipped_bundle_for,
    )
    from leukoscope_edge.inference.bundle import shipped_bundles as shipped_bundles
    from leukoscope_edge.inference.card import CARD_NAME as CARD_NAME
    from leukoscope_edge.inference.card import FORMAT as FORMAT
    from leukoscope_edge.inference.card import Card as Card
    from leukoscope_edge.inference.card import read_card as read_card
    from leukoscope_edge.inference.card_entries import (
        MAX_DISTANCE_SHARE as MAX_DISTANCE_SHARE,
    )
    from leukoscope_edge.inference.card_entries import MAX_TOLERANCE as MAX_TOLERANCE
    from leukoscope_edge.inference.card_entries import ConformalEntry as ConformalEntry
    from leukoscope_edge.inference.card_entries import DecisionEntry as DecisionEntry
    from leukoscope_edge.inference.card_entries import EngineEntry as EngineEntry
    from leukoscope_edge.inference.card_entries import FileEntry as FileEntry
    from leukoscope_edge.inference.card_entries import GoldenEntry as GoldenEntry
    from leukoscope_edge.inference.card_entries import InputEntry as InputEntry
    from leukoscope_edge.inference.card_entries import KindsEntry as KindsEntry
    from leukoscope_edge.inference.card_entries import MarrowEntry as MarrowEntry
    from leukoscope_edge.inference.card_entries import NetworkEntry as NetworkEntry
    from leukoscope_edge.inference.card_entries import OutlierEntry as OutlierEntry
    from leukoscope_edge.inference.card_entries import QuickEntry as QuickEntry
    from leukoscope_edge.inference.card_entries import SpreadEntry as SpreadEntry
    from leukoscope_edge.inference.card_evidence import BaselineEntry as BaselineEntry
    from leukoscope_edge.inference.card_evidence import DataEntry as DataEntry
    from leukoscope_edge.inference.card_evidence import (
        LaboratoriesEntry as LaboratoriesEntry,
    )
    from leukoscope_edge.inference.card_evidence import LeftOutEntry as LeftOutEntry
    from leukoscope_edge.inference.card_evidence import MetricsEntry as MetricsEntry
    from leukoscope_edge.inference.cascade import CascadeEngine as CascadeEngine
    from leukoscope_edge.inference.classifier import BATCH_SIZE as BATCH_SIZE
    from leukoscope_edge.inference.classifier import answers_to as answers_to
    from leukoscope_edge.inference.classifier import call_for as call_for
    from leukoscope_edge.inference.classifier import calls_for as calls_for
    from leukoscope_edge.inference.classifier import classify as classify
    from leukoscope_edge.inference.classifier import p_blast as p_blast
    from leukoscope_edge.inference.classifier import vote as vote
    from leukoscope_edge.inference.cpu_session import CPU_PROVIDER as CPU_PROVIDER
    from leukoscope_edge.inference.cpu_session import LOG_NOTHING as LOG_NOTHING
    from leukoscope_edge.inference.cpu_session import CpuSession as CpuSession
    from leukoscope_edge.inference.cpu_session import session_entries as session_entries
    from leukoscope_edge.inference.engine import INPUT_NAME as INPUT_NAME
    from leukoscope_edge.inference.engine import LOGITS_NAME as LOGITS_NAME
    from leukoscope_edge.inference.engine import Engine as Engine
    from leukoscope_edge.inference.engine import OnnxCpuEngine as OnnxCpuEngine
    from leukoscope_edge.inference.engine import prepare as prepare
    from leukoscope_edge.inference.explanation import heat_picture as heat_picture
    from leukoscope_edge.inference.explanation import occlusion_map as occlusion_map
    from leukoscope_edge.inference.reference_cells import (
        ATTRIBUTION_NAME as ATTRIBUTION_NAME,
    )
    from leukoscope_edge.inference.reference_cells import TABLE_NAME as TABLE_NAME
    from leukoscope_edge.inference.reference_cells import attribution as attribution
    from leukoscope_edge.inference.reference_cells import (
        list_reference_cells as list_reference_cells,
    )
    from leukoscope_edge.inference.reference_cells import (
        numbers_by_kind as numbers_by_kind,
    )
    from leukoscope_edge.inference.segmenter import CELL as CELL
    from leukoscope_edge.inference.segmenter import INPUT_UM_PER_PX as INPUT_UM_PER_PX
    from leukoscope_edge.inference.segmenter import NUCLEUS as NUCLEUS
    from leukoscope_edge.inference.segmenter import Segmenter as Segmenter
    from leukoscope_edge.inference.segmenter_fallback import SHIPPED as SHIPPED
    from leukoscope_edge.inference.segmenter_fallback import Segment as Segment
    from leukoscope_edge.inference.segmenter_fallback import (
        ServingSegmenter as ServingSegmenter,
    )
    from leukoscope_edge.inference.segmenter_fallback import (
        segmentation_named as segmentation_named,
    )
    from leukoscope_edge.inference.selftest import StandingTest as StandingTest
    from leukoscope_edge.inference.selftest import self_test as self_test
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
