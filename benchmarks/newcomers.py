"""How well the first ratings of somebody new serve him: fold-in, what is popular, and a blend.

    python -m benchmarks.newcomers ARCHIVE [--recipe NAME_OR_JSON] [--no-overlap]

ARCHIVE is ml-1m.zip as its publisher offers it. A model is fitted on the oldest 80 % of the
ratings, and the people who come later are served as `serving` does it: their first k ratings are
folded in, and ten items are judged by all that they liked afterwards (NDCG@10). The weights of the
blend are chosen on two earlier windows (fit on 50 and 60 %, the 20 % that follow), never on the one
that is judged. Of people whom the model knows it is asked how much of their first ten a whole fit
with 1, 3, 5, 10 more of their ratings shares with the fold-in.
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
from jobs.retraining.evaluation_windows import groups_of
from jobs.retraining.frozen_tables import Frozen
from ranking.selection import top_n
from serving.lists import scoring
from serving.lists.fold_in import Constants, FoldIn, Ratings

KS, N, MOST_ASKED = (1, 3, 5, 10), 10, 300
WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8)
EARLIER, JUDGED = ((0.5, 0.7), (0.6, 0.8)), (0.8, 1.0)  # fit up to, judge up to

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ground:
    """A model as serving holds it, its rows, and the ratings (place, rating, time) of everybody.

    `before` are those that the model knows, `after` those of the window; oldest first.
    """

    rows: Frozen
    recipe: AnyRecipe
    training: DataFrame
    model: Model
    before: dict[int, Floats]
    after: dict[int, Floats]

    @property
    def fold_in(self) -> FoldIn:
        """What folds people in."""
        return folding(self.model)

    @property
    def popularity(self) -> NDArray[np.float32]:
        """What the release tells the API of each item."""
        return np.asarray(self.model.fallback.by_segment[0], np.float32)


def main() -> None:
    """Print NDCG@10 by k with the weights that were chosen, then the overlap with a whole fit."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("archive", type=Path, help="ml-1m.zip")
    arguments.add_argument("--recipe", default="", help="a name or JSON; empty: the default")
    arguments.add_argument("--no-overlap", action="store_true", help="no whole fits")
    given = arguments.parse_args()
    recipe = recipes.resolve(given.recipe, MOVIELENS.scale, MOVIELENS.windows.half_life_days)
    with movielens(given.archive) as rows:
        earlier = [newcomers(ground(rows, recipe, *span)) for span in EARLIER]
        judged = ground(rows, recipe, *JUDGED)
        show(earlier, newcomers(judged))
        if not given.no_overlap:
            overlaps(judged)


def ground(rows: Frozen, recipe: AnyRecipe, share: float, until: float) -> Ground:
    """Return the model of the oldest ratings up to a share, and what follows until another."""
    cut, end = (windows.cut_at(rows.events(), at) for at in (share, until))
    at = F.unix_micros("rated_at")
    training = rows.ratings().where(at <= cut).cache()
    model = fitted(rows, recipe, training)
    print(f"fitted {recipe.name} on the oldest {share:.0%}", flush=True)
    after = rows.ratings().where((at > cut) & (at <= end))
    return Ground(rows, recipe, training, model, held(training, model), held(after, model))


def fitted(rows: Frozen, recipe: AnyRecipe, training: DataFrame) -> Model:
    """Return what the recipe makes of the rows."""
    items = rows.items().join(training.select("item").distinct(), "item")
    groups = groups_of(rows, MOVIELENS)
    liked = MOVIELENS.scale.relevant_from
    return models.fit(recipe, training, Catalogue.of(items), groups, relevant_from=liked)


def folding(model: Model) -> FoldIn:
    """Return what folds people into the model."""
    said = model.constants | {"relevant_from": MOVIELENS.scale.relevant_from}
    return FoldIn(model.item_rows, Constants.model_validate(said))


def held(ratings: DataFrame, model: Model) -> dict[int, Floats]:
    """Return (place, rating, time) of what each person rated, oldest first; -1 is no place."""
    frame = ratings.select(
        "user", "item", "rating", F.unix_micros("rated_at").alias("at")
    ).toPandas()
    frame["item"] = model.catalogue.positions(frame["item"].to_numpy())
    ordered = frame.sort_values(["user", "at", "item"])
    return {
        int(str(user)): own[["item", "rating", "at"]].to_numpy(np.float64)
        for user, own in ordered.groupby("user")
    }


def newcomers(there: Ground) -> dict[int, dict[float | str, Floats]]:
    """Return by k each newcomer's NDCG@10: of the fallback, and of the blend by its weight."""
    fold_in, liking = there.fold_in, np.log1p(there.popularity / there.popularity.mean())
    new = [own for user, own in there.after.items() if user not in there.before]
    found: dict[int, dict[float | str, Floats]] = {}
    for k in KS:
        asked = [(own[:k], later) for own in new if (later := _liked(own[k:]))]
        by_way: dict[float | str, Floats] = {
            "fallback": np.array([_ndcg(there.popularity, one, later) for one, later in asked])
        }
        scores = [_scores(fold_in, one) for one, _ in asked]
        for weight in WEIGHTS:
            values = [
                _ndcg(there.popularity if own is None else own + weight * liking, one, later)
                for own, (one, later) in zip(scores, asked, strict=True)
            ]
            by_way[weight] = np.array(values)
        found[k] = by_way
    return found


def show(
    earlier: Sequence[dict[int, dict[float | str, Floats]]],
    judged: dict[int, dict[float | str, Floats]],
) -> None:
    """Print what each weight does on the earlier windows, and what the chosen one does later."""
    for k in KS:
        means = {w: float(np.mean([each[k][w].mean() for each in earlier])) for w in WEIGHTS}
        base = np.mean([each[k]["fallback"].mean() for each in earlier])
        print(f"k {k}, earlier: fallback {base:.4f}; " + _line(means))
        chosen = max(means, key=lambda weight: means[weight])
        ways, in_code = judged[k], scoring.blend_weight(k)
        print(
            f"k {k}, judged:  fallback {ways['fallback'].mean():.4f}; "
            + _line({w: float(ways[w].mean()) for w in WEIGHTS})
        )
        for name, weight in (("chosen", chosen), ("in code", in_code)):
            if weight in ways:
                lead = intervals.paired(ways[weight] - ways["fallback"])
                print(f"    {name} {weight:g}: over the fallback {lead}, n {len(ways[weight])}")


def overlaps(there: Ground) -> None:
    """Print how much of the first ten a whole fit shares with the fold-in and the old list."""
    known = {u: there.after[u] for u in there.after if u in there.before}
    long = {u: own for u, own in known.items() if len(own) >= max(KS)}
    asked = dict(sorted(long.items())[:MOST_ASKED])
    places = there.model.catalogue.index
    old = there.fold_in
    for k in KS:
        more = [
            (user, int(places[int(item)]), float(rating), int(at))
            for user, own in asked.items()
            for item, rating, at in own[:k]
            if item >= 0
        ]
        spark = there.training.sparkSession
        added = spark.createDataFrame(more, "user int, item int, rating double, at long")
        new = folding(
            fitted(
                there.rows,
                there.recipe,
                there.training.unionByName(
                    added.select(
                        "user", "item", "rating", F.timestamp_micros("at").alias("rated_at")
                    )
                ),
            )
        )
        shared = [_shared(old, new, there.before[u], own[:k]) for u, own in asked.items()]
        with_fold_in, with_old = np.mean(shared, axis=0)
        print(
            f"k {k}: a whole fit shares {with_fold_in:.2f} of the first ten with the fold-in, "
            f"{with_old:.2f} with the list of before; n {len(shared)}",
            flush=True,
        )


def _shared(old: FoldIn, new: FoldIn, before: Floats, more: Floats) -> tuple[float, float]:
    both = np.vstack([before, more])
    whole, folded = (_first_ten(model, both, both) for model in (new, old))
    return len(whole & folded) / N, len(whole & _first_ten(old, before, both)) / N


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


def _liked(rated: Floats) -> set[int]:
    good = rated[(rated[:, 1] >= MOVIELENS.scale.relevant_from) & (rated[:, 0] >= 0)]
    return set(good[:, 0].astype(int).tolist())


def _ndcg(scores: NDArray[np.floating], rated: Floats, liked: set[int]) -> float:
    gains = 1 / np.log2(np.arange(N) + 2)
    hits = np.array([place in liked for place in _listed(scores, rated).tolist()], bool)
    return float(gains[: len(hits)][hits].sum() / gains[: min(N, len(liked))].sum())


def _line(means: dict[float, float]) -> str:
    return " ".join(f"{weight:g}:{value:.4f}" for weight, value in means.items())


if __name__ == "__main__":
    main()
