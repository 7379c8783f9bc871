"""The retrain cadence that would have been right: what models lose with their age.

The losses of several cuts are averaged with their numbers of users as weights. The interval of the
average treats cuts as independent samples of users.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboards.console.backtest.reading import Figure
from dashboards.text import plural

MAX_UNCLEAR = 0.05  # a loss that may be larger is not called small
_HALF_WIDTH = 1.96  # of a 95 % interval, in standard errors


@dataclass(frozen=True)
class Loss:
    """What models of one age lose, as a share of the NDCG@10 of a model of age 0."""

    age: int
    share: float
    low: float
    high: float
    n_cuts: int
    n_users: int

    @property
    def is_noise(self) -> bool:
        """Whether the interval includes no loss."""
        return self.low <= 0


def losses(figures: Sequence[Figure]) -> list[Loss]:
    """Return the loss at each age, youngest first. Cuts with too few users are left out."""
    fresh = {f.cut: f.value for f in figures if f.role == "champion" and f.age == 0}
    by_age: dict[int, list[Figure]] = {}
    for figure in figures:
        if figure.age and figure.loss is not None and figure.cut in fresh:
            by_age.setdefault(figure.age, []).append(figure)
    each_age = (_loss(age, of_age, fresh) for age, of_age in sorted(by_age.items()))
    return [loss for loss in each_age if loss is not None]


def sentence(by_age: Sequence[Loss], period: str, *, has_ages: bool = True) -> str:
    """Return the cadence that would have been right, and by how much, in one or two sentences.

    `by_age` has the youngest first. Without `has_ages` the backtest evaluated no older model.
    """
    if not has_ages:
        return "This backtest has no older models. Choose ages when you start one."
    if not by_age:
        return "No older model could be compared: too few users came back after these cuts."
    worse = next((loss for loss in by_age if not loss.is_noise), None)
    if worse is None:
        return _no_loss(by_age[-1], period)
    within = [loss for loss in by_age if loss.age < worse.age]
    lost = f"{_aged(worse.age, period)} loses {shares(worse)}"
    if not within:
        every = _every(worse.age, period)
        return f"Retraining at least {every} would have been right: {lost}."
    last = within[-1]
    every = _every(last.age + 1, period)
    interval = f"{percent(last.share)}, {percent(last.low)} to {percent(last.high)}"
    up_to = f"within noise up to {plural(period, last.age)} ({interval})"
    return f"Retraining {every} would have been enough: {lost}, {up_to}."


def shares(loss: Loss) -> str:
    """Return a loss with its interval: "2.1 % of NDCG@10 (0.6 % to 3.5 %)"."""
    low, high = percent(loss.low), percent(loss.high)
    return f"{percent(loss.share)} of NDCG@10 ({low} to {high})"


def percent(share: float) -> str:
    """Return a share in percent with one digit: "2.1 %"; a minus sign if negative."""
    text = f"{100 * share:.1f}"
    return ("0.0" if text == "-0.0" else text).replace("-", "\N{MINUS SIGN}") + " %"


def _no_loss(oldest: Loss, period: str) -> str:
    aged = _aged(oldest.age, period)
    if oldest.high > MAX_UNCLEAR:
        return (
            f"These data cannot tell which cadence would have been right: {aged} loses "
            f"{shares(oldest)}, which may be nothing or much. More cuts would narrow the interval."
        )
    every = _every(oldest.age + 1, period)
    return (
        f"Retraining {every} would have been enough: {aged} loses {shares(oldest)}, within noise."
    )


def _aged(age: int, period: str) -> str:
    return f"a model that is {plural(period, age)} old"


def _every(n: int, period: str) -> str:
    return f"every {period}" if n == 1 else f"every {plural(period, n)}"


def _loss(age: int, figures: Sequence[Figure], fresh: dict[datetime, float]) -> Loss | None:
    n_users = sum(f.n_users for f in figures)
    level = sum(f.n_users * fresh[f.cut] for f in figures) / n_users
    if level <= 0:
        return None
    mean = sum(f.n_users * (f.loss or 0.0) for f in figures) / n_users
    variance = sum((f.n_users * _standard_error(f)) ** 2 for f in figures) / n_users**2
    half = _HALF_WIDTH * math.sqrt(variance)
    low, high = (mean - half) / level, (mean + half) / level
    return Loss(age, mean / level, low, high, len(figures), n_users)


def _standard_error(figure: Figure) -> float:
    return ((figure.loss_high or 0.0) - (figure.loss_low or 0.0)) / (2 * _HALF_WIDTH)
