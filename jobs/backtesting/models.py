"""The models of a backtest, fitted and evaluated on the test rows of one cut."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pyspark.sql import DataFrame

from jobs import evaluate
from jobs.backtesting import cuts
from jobs.backtesting.figures import EvaluatedModel
from jobs.backtesting.plans import Plan
from jobs.engine.errors import NothingToLearnError
from jobs.engine.judging import evaluation, metrics
from jobs.engine.judging.evaluation import FIT_FAILURES
from jobs.engine.recipes import SEED
from jobs.engine.settled import settled
from jobs.retraining.evaluation_windows import PreparedWindow, fit_before
from jobs.retraining.frozen_tables import Frozen
from warehouse.datasets import Dataset
from warehouse.tables.vocabulary import HEADLINE

log = logging.getLogger(__name__)

MAX_USERS = 5000  # of a cut; of more, a random sample is evaluated


@dataclass(frozen=True)
class EvaluatedCut:
    """The models at a cut: the champion trained until it, and the others. Slices are by user."""

    fresh: EvaluatedModel
    others: list[EvaluatedModel]
    slices: Mapping[int, list[str]]


def sampled(prepared: PreparedWindow) -> PreparedWindow:
    """Return the window with at most `MAX_USERS` users, warm and cold."""
    n_users = prepared.users.relevant.count()
    if n_users <= MAX_USERS:
        return prepared
    log.info("evaluating a sample of %d of %d users", MAX_USERS, n_users)
    users = evaluation.sample(prepared.users, MAX_USERS, seed=SEED, with_cold=True)
    return replace(prepared, users=users)


def evaluated(
    prepared: PreparedWindow, rows: Frozen, dataset: Dataset, plan: Plan, oldest: datetime
) -> EvaluatedCut:
    """Return the recipe, popularity recipes and baselines, and older models of the recipe.

    An age whose model would have no training events is left out: `oldest` is the first event.

    Raises:
        NothingToLearnError: the recipe cannot be fitted on the events before the cut.
    """
    entries = evaluate.evaluated_recipes(plan.recipe, None, dataset)
    fitted, outcome = evaluate.fit_and_evaluate(prepared, entries)
    by_user = _by_user(outcome.user_metrics.where(f"metric = '{HEADLINE}'"), "value")
    models = [
        EvaluatedModel(
            entry.recipe,
            "champion" if entry.recipe == plan.recipe else entry.role,
            0,
            entry.model.seconds,
            outcome.figures[entry.recipe.name],
            by_user.values[entry.recipe.name],
        )
        for entry in fitted
        if entry.model is not None
    ]
    if not models or models[0].recipe != plan.recipe:
        raise NothingToLearnError(
            f"{dataset.name}: {plan.recipe.name} could not be fitted on the events before "
            f"{plan.cut:%Y-%m-%d}; the lines above say why"
        )
    older = _older(prepared, rows, dataset, plan, oldest)
    return EvaluatedCut(models[0], [*models[1:], *older], by_user.slices)


def _older(
    prepared: PreparedWindow, rows: Frozen, dataset: Dataset, plan: Plan, oldest: datetime
) -> list[EvaluatedModel]:
    """Return the models of the plan's ages, evaluated on the same users."""
    models = {}
    for age in plan.ages:
        at = cuts.shifted(plan.cut, plan.period, -age)
        try:
            if at > oldest:
                model = fit_before(rows, dataset, plan.recipe, at, prepared.segments)
                models[str(age)] = model
                log.info("fitted as of %s in %.1f s", f"{at:%Y-%m-%d}", model.seconds)
        except FIT_FAILURES as error:
            message = str(error).split("\n", 1)[0]
            log.warning("no model as of %s: %s", f"{at:%Y-%m-%d}", message)
    if not models:
        return []
    lists = evaluation.lists_of(models, prepared.users)
    per_user = settled(metrics.per_user(lists, prepared.users.relevant))
    figures, by_user = evaluation.means(per_user), _by_user(per_user, HEADLINE)
    return [
        EvaluatedModel(
            plan.recipe, "champion", int(age), model.seconds, figures[age], by_user.values[age]
        )
        for age, model in models.items()
    ]


@dataclass(frozen=True)
class _ByUser:
    """The headline metric by model and user, and each user's slices."""

    values: Mapping[str, Mapping[int, float]]
    slices: Mapping[int, list[str]]


def _by_user(per_user: DataFrame, column: str) -> _ByUser:
    """Return a column of (recipe, user, slices, …); users are at most `MAX_USERS`."""
    values: dict[str, dict[int, float]] = defaultdict(dict)
    slices = {}
    for recipe, user, of_user, value in per_user.select(
        "recipe", "user", "slices", f"`{column}`"
    ).collect():
        values[recipe][user] = value
        slices[user] = of_user
    return _ByUser(values, slices)
