import pytest

from dashboards.console.retrain_parts import trial_charts
from tests.support.dashboards.trials import trial

COLOURS = {"complete": "violet", "final": "green", "pruned": "gray", "failed": "red"}


def test_the_line_extends_to_the_last_trial() -> None:
    trials = [trial(0, 0.25), trial(1, 0.24), trial(2, 0.26), trial(3, 0.27, stage="final")]

    assert list(trial_charts.line(trials)["number"]) == [0, 1, 2, 3]
    assert list(trial_charts.line(trials)["value"]) == [0.25, 0.25, 0.26, 0.26]


def test_a_parameter_that_never_changed_has_no_chart() -> None:
    trials = [
        trial(0, 0.25, parameters={"rank": 8, "reg": 0.3, "kind": "a_b"}),
        trial(1, 0.24, parameters={"rank": 8, "reg": 0.9, "kind": "c"}),
        trial(2, None, "failed", parameters={"reg": 0.5}),
    ]

    assert trial_charts.parameters(trials) == ["reg", "kind"]
    chart = trial_charts.by_parameter(trials, "reg", COLOURS).to_dict()
    assert len(next(iter(chart["datasets"].values()))) == 2


@pytest.mark.parametrize(
    ("values", "scale"), [((0.2, 1.2), "log"), ((0.1, 0.9), "linear"), ((6, 12), "linear")]
)
def test_a_wide_range_has_a_logarithmic_scale(values: tuple[float, float], scale: str) -> None:
    trials = [trial(n, 0.2, parameters={"x": value}) for n, value in enumerate(values)]

    chart = trial_charts.by_parameter(trials, "x", COLOURS).to_dict()

    assert chart["encoding"]["x"]["scale"]["type"] == scale


def test_an_outlier_does_not_compress_the_scale() -> None:
    trials = [trial(n, 0.26 + n / 1000) for n in range(9)] + [trial(9, 0.01)]

    rows, line = trial_charts.by_trial(trials), trial_charts.line(trials)
    chart = trial_charts.progress(rows, line, COLOURS).to_dict()

    low, high = chart["layer"][1]["encoding"]["y"]["scale"]["domain"]
    assert 0.2 < low < 0.26
    assert high > 0.268
