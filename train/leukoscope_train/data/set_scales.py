"""What a pixel of each set of real images measures: the one place that says so.

Nobody published a scale for any of them but by objective. Red cells that lie alone,
whole and round are measured by their area (`tools/measure_set_scales.py`), and
RED_CELL_UM over their median diameter is the scale; the interval is what 7.0 and 7.8 um
give, which dried smears of healthy people have. Boxes are no measure: those that people
drew in `wbc-fields` are 16 % wider than the same cells.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScale:
    """What a pixel of a set measures, and how that is known.

    Attributes:
        um_per_px: The likeliest, in micrometres.
        low: Lower end of the interval.
        high: Its upper end.
        source: What was measured.
        of_cards_um_per_px: At which the shipped cards were measured with its cells, or
            the shipped weights taught by them, where that was another.
    """

    um_per_px: float
    low: float
    high: float
    source: str
    of_cards_um_per_px: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.um_per_px <= self.high:
            raise ValueError(f"{self.um_per_px} not in {self.low} to {self.high}")

    @property
    def card_um_per_px(self) -> float:
        """At which the shipped cards know the set."""
        return self.of_cards_um_per_px or self.um_per_px


SET_SCALES = {
    "wbc-fields": SetScale(
        um_per_px=0.082,
        low=0.076,
        high=0.085,
        source="217 red cells, 91.6 px",
        of_cards_um_per_px=0.070,
    ),
    "wbc-crops-300": SetScale(
        um_per_px=0.101,
        low=0.094,
        high=0.109,
        source="24 red cells, 74.2 px; round ones among those that touch: 0.107",
        of_cards_um_per_px=0.078,
    ),
    "wbc-crops-120": SetScale(
        um_per_px=0.165,
        low=0.14,
        high=0.20,
        source="no red cells; neutrophils of 12.5 um are 76 px wide, small lymphocytes"
        " of 9.5 um 47 px",
    ),
    "pbc": SetScale(
        um_per_px=0.291,
        low=0.272,
        high=0.302,
        source="603 red cells of each 40th image, 25.8 px",
        of_cards_um_per_px=0.28,
    ),
    "marrow": SetScale(
        um_per_px=0.082,
        low=0.071,
        high=0.091,
        source="red cells about 90 px wide, hardly one alone and round",
    ),
    "taleqani": SetScale(
        um_per_px=0.403,
        low=0.376,
        high=0.42,
        source="242 red cells of each 8th field, stretched to 4:3: 18.6 px",
        of_cards_um_per_px=0.40,
    ),
    "cnmc": SetScale(
        um_per_px=0.060,
        low=0.05,
        high=0.07,
        source="cut out on black, no red cells; the width of the cells alone",
    ),
}
"""By the name of the folder. What the cards were measured at came of the boxes
(wbc-fields) and of neutrophils of 12.5 um (wbc-crops-300)."""
