from pathlib import Path

import numpy as np
import pytest
import scipy  # its `stats`, which take half a second, are loaded on use

from leukoscope_edge.config import read_toml
from leukoscope_edge.counting import BetaSpread, limit_of_blank
from leukoscope_edge.counting.site_background import (
    NormalSlide,
    SiteBackground,
    site_spread,
)
from leukoscope_edge.errors import ConfigError


def slides(*counts: int) -> tuple[NormalSlide, ...]:
    return tuple(NormalSlide(n_cells=200, n_blast=k) for k in counts)


def mean(spread: BetaSpread) -> float:
    return spread.alpha / (spread.alpha + spread.beta)


def test_a_site_where_the_model_errs_seldom_has_a_low_background() -> None:
    low, high = (
        site_spread(slides(1, 0, 2, 1, 1)),
        site_spread(slides(30, 44, 22, 9, 61)),
    )
    assert mean(low) < 0.03 < 0.1 < mean(high)


def test_many_slides_tell_the_spread_that_they_came_from() -> None:
    middles = scipy.stats.beta(2, 18).ppf((np.arange(60) + 0.5) / 60)
    found = site_spread(
        [NormalSlide(n_cells=2000, n_blast=round(2000 * m)) for m in middles]
    )
    assert mean(found) == pytest.approx(0.1, abs=0.002)
    assert found.alpha + found.beta == pytest.approx(20, rel=0.1)


def test_few_slides_leave_more_open_than_many() -> None:
    few, many = site_spread(slides(*[4, 8] * 3)), site_spread(slides(*[4, 8] * 20))
    assert limit_of_blank(few, 200) > limit_of_blank(many, 200)


def test_the_next_healthy_person_stays_within_the_background() -> None:
    random = np.random.default_rng(1)
    alarms = []
    for _ in range(30):
        counts = random.binomial(200, random.beta(2.4, 9.2, 8))
        limit = limit_of_blank(site_spread(slides(*counts.tolist())), 200, 0.96)
        alarms.append(np.mean(random.binomial(200, random.beta(2.4, 9.2, 500)) > limit))
    assert np.mean(alarms) < 0.06


def test_slides_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text('bundle = "b-1"\n' + "[[slides]]\nn_cells = 200\nn_blast = 3\n" * 5)
    assert read_toml(path, SiteBackground).slides == slides(*[3] * 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('bundle = "b-1"\nslides = []\n', "at least 5"),
        ('bundle = "b-1"\n[[slides]]\nn_cells = 3\nn_blast = 4\n', "4 of 3"),
        ('bundle = "b-1"\n[[slides]]\nn_cells = 0\nn_blast = 0\n', "0 of 0"),
    ],
)
def test_an_impossible_site_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_toml(path, SiteBackground)
