"""The counting process and the page's line to it: camera, count, records, news.

Offers the counting process (`work`), the page's end of the line (`Counter`), commands
and news, and a slide closed or opened again.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.live.blinding import blinded as blinded
    from leukoscope_edge.live.channel import Channel as Channel
    from leukoscope_edge.live.client import AT_A_SLIDE as AT_A_SLIDE
    from leukoscope_edge.live.client import Counter as Counter
    from leukoscope_edge.live.closing import closed as closed
    from leukoscope_edge.live.closing import is_closed as is_closed
    from leukoscope_edge.live.closing import keep_closed as keep_closed
    from leukoscope_edge.live.closing import open_again as open_again
    from leukoscope_edge.live.commands import ASKS as ASKS
    from leukoscope_edge.live.commands import BUSY as BUSY
    from leukoscope_edge.live.commands import Command as Command
    from leukoscope_edge.live.commands import Mode as Mode
    from leukoscope_edge.live.commands import News as News
    from leukoscope_edge.live.commands import Order as Order
    from leukoscope_edge.live.counting_process import refuse_all as refuse_all
    from leukoscope_edge.live.counting_process import work as work
    from leukoscope_edge.live.missed_cell import cut_missed as cut_missed
    from leukoscope_edge.live.recorder import Recorder as Recorder
    from leukoscope_edge.live.snapshot import boxes_of as boxes_of
    from leukoscope_edge.live.snapshot import count_facts as count_facts
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
