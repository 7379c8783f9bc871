"""NDCG@10 of new users' lists after their first ratings: popularity, fold-in and their blend.

    python -m benchmarks.new_users ARCHIVE [--recipe NAME_OR_JSON] [--no-overlap]

ARCHIVE is ml-1m.zip. A model is fitted on the oldest 80 % of the ratings. Users who appear later
are served as the API does: their first k ratings are folded in, and the first ten items are
evaluated against their later positive ratings. The weights of the blend are chosen on two earlier
windows (fit on 50 and 60 %, evaluate on the next 20 %), never on the evaluation window. For known
users it also prints how many of the first ten items of a full fit with 1, 3, 5 and 10 more ratings
the fold-in has as well.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.lakes import MOVIELENS, movielens
from jobs.engine import recipes
from jobs.engine.catalogue import Catalogue
from jobs.engine.judging import intervals, windows
from jobs.engine.learning import models
from jobs.engine.learning.models import Model
from jobs.engine.recipes import AnyRecipe
from jobs.retraining.evaluation_windows import segments_of
from jobs.retraining.frozen_tables import Frozen
from ranking.selection import top_n
from serving.lists import scoring
from serving.lists.fold_in import Constants, FoldIn, Ratings
from tests.support.jobs.interactions import of_ratings

KS, N, MAX_USERS = (1, 3, 5, 10), 10, 300
WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8)
EARLIER, EVALUATED = ((0.5, 0.7), (0.6, 0.8)), (0.8, 1.0)  # fit up to, evaluate up to

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """A model as serving loads it, its rows, and each user's ratings (position, rating, time).

    `before` are those that the model was fitted on, `after` those of the window; oldest first.
    """

    rows: Frozen
    recipe: AnyRecipe
    training: DataFrame
    model: Model
    before: dict[int, Floats]
    after: dict[int, Floats]

    @property
    def fold_in(self) -> FoldIn:
        """Folds users into the model."""
        return fold_in_of(self.model)

    @property
    def popularity(self) -> NDArray[np.float32]:
        """Popularity of each item, as in a release."""
        return np.asarray(self.model.fallback.by_segment[0], np.float32)


def main() -> None:
    """Print NDCG@10 by k with the chosen weights, then the overlap with a full fit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="ml-1m.zip")
    parser.add_argument("--recipe", default="", help="a name or JSON; empty: the default")
    parser.add_argument("--no-overlap", action="store_true", help="no full fits")
    arguments = parser.parse_args()
    recipe = recipes.resolve(arguments.recipe, MOVIELENS)
    with movielens(arguments.archive) as rows:
        earlier = [evaluated(split(rows, recipe, *span)) for span in EARLIER]
        window = split(rows, recipe, *EVALUATED)
        show(earlier, evaluated(window))
        if not arguments.no_overlap:
            overlaps(window)


def split(rows: Frozen, recipe: AnyRecipe, share: float, until: float) -> Split:
    """Return the model of the oldest share of ratings, and the ratings after it up to another."""
    cut, end = (windows.cut_at(rows.events(), at) for at in (share, until))
    at = F.unix_micros("rated_at")
    training = rows.ratings().where(at <= cut).cache()
    model = fitted(rows, recipe, training)
    print(f"fitted {recipe.name} on the oldest {share:.0%}", flush=True)
    after = rows.ratings().where((at > cut) & (at <= end))
    return Split(
        rows,
        recipe,
        training,
        model,
        ratings_by_user(training, model),
        ratings_by_user(after, model),
    )


def fitted(rows: Frozen, recipe: AnyRecipe, training: DataFrame) -> Model:
    """Return the recipe's model of the ratings."""
    items = rows.items().join(training.select("item").distinct(), "item")
    segments = segments_of(rows, MOVIELENS)
    relevant_from = MOVIELENS.scale.relevant_from
    return models.fit(recipe, training, Catalogue.of(items), segments, relevant_from=relevant_from)


def fold_in_of(model: Model) -> FoldIn:
    """Return the fold-in of the model."""
    constants = model.constants | {"relevant_from": MOVIELENS.scale.relevant_from}
    return FoldIn(model.item_rows, Constants.model_validate(constants))


def ratings_by_user(ratings: DataFrame, model: Model) -> dict[int, Floats]:
    """Return each user's (position, rating, time), oldest first; position -1 is an unseen item."""
    frame = ratings.select(
        "user", "item", "rating", F.unix_micros("rated_at").alias("at")
    ).toPandas()
    frame["item"] = model.catalogue.positions(frame["item"].to_numpy())
    ordered = frame.sort_values(["user", "at", "item"])
    return {
        int(str(user)): own[["item", "rating", "at"]].to_numpy(np.float64)
        for user, own in ordered.groupby("user")
    }


def evaluated(window: Split) -> dict[int, dict[float | str, Floats]]:
    """Return by k each new user's NDCG@10: of the fallback, and of the blend by its weight."""
    fold_in, popularity = window.fold_in, window.popularity
    log_popularity = np.log1p(popularity / popularity.mean())
    new = [own for user, own in window.after.items() if user not in window.before]
    by_k: dict[int, dict[float | str, Floats]] = {}
    for k in KS:
        cases = [(own[:k], relevant) for own in new if (relevant := _relevant(own[k:]))]
        by_method: dict[float | str, Floats] = {
            "fallback": np.array([_ndcg(popularity, first, relevant) for first, relevant in cases])
        }
        scores = [_scores(fold_in, first) for first, _ in cases]
        for weight in WEIGHTS:
            values = [
                _ndcg(
                    popularity if own is None else own + weight * log_popularity,
                    first,
                    relevant,
                )
                for own, (first, relevant) in zip(scores, cases, strict=True)
            ]
            by_method[weight] = np.array(values)
        by_k[k] = by_method
    return by_k


def show(
    earlier: Sequence[dict[int, dict[float | str, Floats]]],
    evaluated: dict[int, dict[float | str, Floats]],
) -> None:
    """Print NDCG of each weight on the earlier windows, and of the chosen one later."""
    for k in KS:
        means = {w: float(np.mean([by_k[k][w].mean() for by_k in earlier])) for w in WEIGHTS}
        fallback = np.mean([window[k]["fallback"].mean() for window in earlier])
        print(f"k {k}, earlier: fallback {fallback:.4f}; " + _line(means))
        chosen = max(means, key=lambda weight: means[weight])
        by_method, in_code = evaluated[k], scoring.blend_weight(k)
        print(
            f"k {k}, evaluated: fallback {by_method['fallback'].mean():.4f}; "
            + _line({w: float(by_method[w].mean()) for w in WEIGHTS})
        )
        for name, weight in (("chosen", chosen), ("in code", in_code)):
            if weight in by_method:
                lead = intervals.paired(by_method[weight] - by_method["fallback"])
                print(
                    f"    {name} {weight:g}: over the fallback {lead}, n {len(by_method[weight])}"
                )


def overlaps(window: Split) -> None:
    """Print the share of the first ten that a full fit shares with the fold-in and the old list."""
    known = {u: window.after[u] for u in window.after if u in window.before}
    long = {u: own for u, own in known.items() if len(own) >= max(KS)}
    users = dict(sorted(long.items())[:MAX_USERS])
    positions = window.model.catalogue.index
    old = window.fold_in
    for k in KS:
        more = [
            (user, int(positions[int(item)]), float(rating), int(at))
            for user, own in users.items()
            for item, rating, at in own[:k]
            if item >= 0
        ]
        spark = window.training.sparkSession
        added = spark.createDataFrame(more, "user int, item int, rating double, at long")
        new = fold_in_of(
            fitted(
                window.rows,
                window.recipe,
                window.training.unionByName(
                    of_ratings(added.withColumn("rated_at", F.timestamp_micros("at")))
                ),
            )
        )
        shared = [_shared(old, new, window.before[u], own[:k]) for u, own in users.items()]
        with_fold_in, with_old = np.mean(shared, axis=0)
        print(
            f"k {k}: a full fit shares {with_fold_in:.2f} of the first ten with the fold-in, "
            f"{with_old:.2f} with the earlier list; n {len(shared)}",
            flush=True,
        )


def _shared(old: FoldIn, new: FoldIn, before: Floats, more: Floats) -> tuple[float, float]:
    both = np.vstack([before, more])
    full, folded = (_first_ten(model, both, both) for model in (new, old))
    return len(full & folded) / N, len(full & _first_ten(old, before, both)) / N


def _first_ten(model: FoldIn, rated: Floats, seen: Floats) -> set[int]:
    scores = _scores(model, rated)
    if scores is None:
        return set()
    return set(_listed(scores, seen).tolist())


def _scores(fold_in: FoldIn, rated: Floats) -> NDArray[np.float32] | None:
    known = rated[rated[:, 0] >= 0]
    ratings = Ratings(known[:, 0].astype(np.int64), known[:, 1], known[:, 2].astype(np.int64))
    folded = fold_in.fold(ratings)
    return None if folded is None else fold_in.scores(folded)


def _listed(scores: NDArray[np.floating], seen: Floats) -> NDArray[np.int64]:
    left = scores.astype(np.float32).copy()
    left[seen[seen[:, 0] >= 0, 0].astype(np.int64)] = -np.inf
    return top_n(left, N)


def _relevant(rated: Floats) -> set[int]:
    relevant = rated[(rated[:, 1] >= MOVIELENS.scale.relevant_from) & (rated[:, 0] >= 0)]
    return set(relevant[:, 0].astype(int).tolist())


def _ndcg(scores: NDArray[np.floating], rated: Floats, relevant: set[int]) -> float:
    gains = 1 / np.log2(np.arange(N) + 2)
    hits = np.array([position in relevant for position in _listed(scores, rated).tolist()], bool)
    return float(gains[: len(hits)][hits].sum() / gains[: min(N, len(relevant))].sum())


def _line(means: dict[float, float]) -> str:
    return " ".join(f"{weight:g}:{value:.4f}" for weight, value in means.items())


if __name__ == "__main__":
    main()
