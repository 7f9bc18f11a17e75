"""The figures as Prometheus reads them."""

import re

from tests.edge.service.figures import figures

from leukoscope_edge.service.metrics import HELP, metrics

LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? [-0-9.e+]+')


def test_prometheus_can_read_every_line_and_every_name_is_explained() -> None:
    text = metrics(figures())
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in samples), samples
    assert {re.split(r"[{ ]", line)[0] for line in samples} == set(HELP)
    assert 'leukoscope_stage_seconds{stage="look"} 0.011' in samples


def test_samples_stand_below_their_own_name() -> None:
    name = ""
    for line in metrics(figures()).splitlines():
        if line.startswith("# TYPE"):
            name = line.split()[2]
        elif not line.startswith("#"):
            assert re.split(r"[{ ]", line)[0] == name


def test_what_is_up_says_so() -> None:
    assert "leukoscope_up 1.0" in metrics(figures()).splitlines()
    assert "leukoscope_up 0.0" in metrics(None).splitlines()


def test_a_label_cannot_break_out_of_its_line() -> None:
    part = figures()["parts"]["count"]
    text = metrics(figures(parts={'a"\n\\b': part, "count": part}))
    assert r'leukoscope_restarts{part="a\"\n\\b"} 0.0' in text
