import math
from datetime import UTC, datetime

import pytest

from dashboards.console.backtest import cadence
from dashboards.console.backtest.cadence import Loss
from dashboards.console.backtest.reading import Figure

CUTS = [datetime(2025, month, 1, tzinfo=UTC) for month in (1, 2, 3)]


def figure(cut: int, age: int, value: float, loss: float | None, n: int = 100) -> Figure:
    low, high = (None, None) if loss is None else (loss - 0.01, loss + 0.01)
    at = CUTS[cut]
    return Figure(
        "month", at, "als", "als", "champion", age, value, None, None, loss, low, high, n, at
    )


def loss(age: int, share: float, half: float = 0.01) -> Loss:
    return Loss(age, share, share - half, share + half, 6, 1200)


def test_losses_of_several_cuts_are_averaged_by_users() -> None:
    figures = [
        figure(0, 0, 0.20, None, 100), figure(0, 1, 0.19, 0.01, 100),
        figure(1, 0, 0.30, None, 300), figure(1, 1, 0.27, 0.03, 300),
        figure(2, 0, 0.90, None, 500),  # no older model
    ]  # fmt: skip

    [found] = cadence.losses(figures)

    level, mean = 0.275, 0.025
    error = 0.01 / 1.96 * math.sqrt(100**2 + 300**2) / 400
    assert found.share == pytest.approx(mean / level)
    assert found.low == pytest.approx((mean - 1.96 * error) / level)
    assert found.high == pytest.approx((mean + 1.96 * error) / level)
    assert (found.age, found.n_cuts, found.n_users) == (1, 2, 400)


def test_a_cut_with_too_few_users_has_no_loss() -> None:
    assert cadence.losses([figure(0, 0, 0.2, None), figure(0, 1, 0.1, None)]) == []
    assert "too few users" in cadence.sentence([], "month")


def test_a_backtest_without_older_models_says_so() -> None:
    text = cadence.sentence([], "month", has_ages=False)

    assert text == "This backtest has no older models. Choose ages when you start one."


def test_the_largest_age_within_noise_gives_the_cadence() -> None:
    found = [loss(1, 0.004), loss(3, 0.021), loss(6, 0.05)]
    assert cadence.sentence(found, "month") == (
        "Retraining every 2 months would have been enough: a model that is 3 months old loses "
        "2.1 % of NDCG@10 (1.1 % to 3.1 %), within noise up to 1 month (0.4 %, "
        "\N{MINUS SIGN}0.6 % to 1.4 %)."
    )


def test_a_loss_at_the_youngest_age_asks_for_each_period() -> None:
    assert cadence.sentence([loss(1, 0.03), loss(2, 0.001)], "week") == (
        "Retraining at least every week would have been right: a model that is 1 week old loses "
        "3.0 % of NDCG@10 (2.0 % to 4.0 %)."
    )


def test_without_any_loss_the_oldest_age_gives_the_cadence() -> None:
    text = cadence.sentence([loss(1, 0.001), loss(6, 0.008)], "month")
    assert text.startswith("Retraining every 7 months would have been enough: a model that is 6")


def test_a_wide_interval_is_no_proof_that_nothing_is_lost() -> None:
    text = cadence.sentence([loss(1, 0.0, 0.02), loss(6, 0.02, 0.09)], "month")
    assert text.startswith("These data cannot tell which cadence would have been right")
    assert "2.0 % of NDCG@10 (\N{MINUS SIGN}7.0 % to 11.0 %)" in text
