"""The evaluation windows, prepared for many fits: the gate's, the rolling ones, dated ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from pyspark.sql import Column, DataFrame

from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import NothingToLearnError
from jobs.engine.judging import evaluation, new_items, windows
from jobs.engine.judging.evaluation import Evaluation, EvaluationUsers, Figure
from jobs.engine.judging.windows import Window
from jobs.engine.learning import models
from jobs.engine.learning.baselines import Baseline
from jobs.engine.learning.models import Model
from jobs.engine.learning.segments import Segments, user_segments
from jobs.engine.recipes import AnyRecipe
from jobs.retraining.frozen_tables import Frozen
from warehouse.datasets import Dataset
from warehouse.tables import SILVER_EVENTS
from warehouse.tables.vocabulary import HEADLINE, WARM


@dataclass(frozen=True)
class PreparedWindow:
    """A window whose frames are computed once. Models are fitted on `training` alone."""

    training: DataFrame
    catalogue: Catalogue
    segments: Segments
    users: EvaluationUsers
    relevant_from: float
    window: Window

    def fit(self, recipe: AnyRecipe | Baseline) -> Model:
        """Return the recipe's model of the training rows."""
        return models.fit(
            recipe, self.training, self.catalogue, self.segments, relevant_from=self.relevant_from
        )

    def evaluate(self, fitted: Sequence[Model]) -> Evaluation:
        """Return how well the lists of the models serve the evaluation users."""
        rated_share = evaluation.rated_share(self.training, self.catalogue)
        return evaluation.evaluate(fitted, self.users, self.catalogue, rated_share)


def prepare(
    rows: Frozen, dataset: Dataset, window: Window, segments: Segments | None = None
) -> PreparedWindow:
    """Return the prepared window; `segments` are computed if they are missing.

    Raises:
        NothingToLearnError: no interaction is left.
    """
    relevant_from = dataset.scale.relevant_from
    window = Window(window.pairs.cache(), window.meanings)
    training = window.training.cache()
    items = _items_of(rows, training).cache()
    segments = segments_of(rows, dataset) if segments is None else segments
    catalogue = Catalogue.of(items)
    if not len(catalogue):
        _require_interactions(rows)
    users = evaluation.evaluation_users(window, items, segments)
    return PreparedWindow(training, catalogue, segments, users, relevant_from, window)


def fit_before(
    rows: Frozen, dataset: Dataset, recipe: AnyRecipe, at: datetime, segments: Segments
) -> Model:
    """Return the recipe's model of the events before a moment.

    Raises:
        NothingToLearnError: no user has a positive interaction before it.
    """
    older = rows.events().where(windows.before(at))
    training = windows.window(older, windows.before(at), rows.meanings).training.cache()
    catalogue = Catalogue.of(_items_of(rows, training))
    if not len(catalogue):
        raise NothingToLearnError(f"{dataset.name}: no interaction before {at:%Y-%m-%d}")
    relevant_from = dataset.scale.relevant_from
    model = models.fit(recipe, training, catalogue, segments, relevant_from=relevant_from)
    training.unpersist()
    return model


def evaluate_new_items(
    prepared: PreparedWindow, rows: Frozen, fitted: Sequence[Model]
) -> Evaluation | None:
    """Return how well predicted factors rank the items that appear after the window's cut.

    None if no model has factors, or no user has a positive interaction with such an item.
    """
    with_factors = [model for model in fitted if model.factors is not None]
    if not with_factors:
        return None
    new = rows.items().join(prepared.training.select("item"), "item", "left_anti")
    users = evaluation.evaluation_users(prepared.window, new, prepared.segments)
    if users.relevant.isEmpty():
        return None
    content = rows.content(prepared.catalogue.index)
    extended = [
        models.with_new_items(model, content, prepared.training, prepared.segments)
        for model in with_factors
    ]
    return new_items.evaluate(extended, users)


def _items_of(rows: Frozen, training: DataFrame) -> DataFrame:
    return rows.items().join(training.select("item").distinct(), "item")


def _require_interactions(rows: Frozen) -> None:
    """Check that there are interactions; `freeze` has checked that the catalogue has their items.

    Raises:
        NothingToLearnError: there are none.
    """
    if rows.ratings().isEmpty():
        raise NothingToLearnError("there are no events, or all were taken back: send newer ones")


def headline(results: Evaluation, recipe: str) -> Figure | None:
    """Return the recipe's headline metric over the warm users, if it was evaluated."""
    figures = results.figures.get(recipe, [])
    return next((f for f in figures if (f.slice, f.metric) == (WARM, HEADLINE)), None)


def segments_of(rows: Frozen, dataset: Dataset) -> Segments:
    """Return the user segments by the manifest's attributes: the same for every window."""
    attributes = dataset.users.attributes if dataset.users else ()
    return user_segments(rows.users(), attributes)


def gate_window(rows: Frozen, dataset: Dataset) -> Window:
    """Return the window of the gate, whose test rows are the newest of the data set."""
    older = _older(rows, dataset, dataset.windows.gate_train_share)
    return windows.window(rows.events(), older, rows.meanings)


def rolling_windows(rows: Frozen, dataset: Dataset) -> Iterator[tuple[str, Window]]:
    """Yield name and rolling window, smallest first. All end before the gate's test rows begin."""
    events, older = rows.events().cache(), cache(partial(_older, rows, dataset))
    for span in windows.rolling(dataset.windows.gate_train_share):
        until = events.where(older(span.until))
        yield span.name, windows.window(until, older(span.share), rows.meanings)


def dated_window(rows: Frozen, cut: datetime, until: datetime) -> Window:
    """Return the window that trains before `cut` and tests from there on, before `until`."""
    events = rows.events().where(windows.before(until))
    return windows.window(events, windows.before(cut), rows.meanings)


def _older(rows: Frozen, dataset: Dataset, share: float) -> Column:
    """Return the condition of the older rows: by time if the data set has times."""
    cut = "time" if dataset.has_times else dataset.windows.without_time
    return windows.older_side(rows.table(SILVER_EVENTS), rows.meanings, share=share, cut=cut)
