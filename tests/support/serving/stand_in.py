"""A retrain without Spark: profiles, lists and factors in plain numpy from collected events.

Users' rows are solved one by one with the fold-in's formula, but not with its code. Factors
are random for each fit, so no two releases have the same scores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, get_args

import numpy as np
import pyarrow as pa
from sqlalchemy import Engine

from serving.lists import scoring
from serving.publishing.publish import publish
from serving.schemas import HideKind, SentKind
from serving.user_attributes.segments import segment
from serving.users.feedback import Event
from tests.support.serving import shop
from warehouse.query import Lake
from warehouse.tables import BRONZE_FEEDBACK, BRONZE_USER_CHANGES

START = datetime(2026, 3, 1, tzinfo=UTC)
HIDES: tuple[HideKind, ...] = ("hide", "not_interested")
KNOWN, COLD = "abcdefgh", "z"  # items that every fit has seen, and one that none has
CATEGORY = dict.fromkeys("abcdz", "film") | dict.fromkeys("efgh", "opera")
# Ratings from files: the API has no event of "u" and "v".
DELIVERED = (
    Event("rate", "u", "a", 5, START + timedelta(hours=2)),
    Event("rate", "u", "e", 2, START + timedelta(hours=2)),
    Event("rate", "v", "e", 4, START + timedelta(hours=2)),
    Event("rate", "w", "a", 1, START + timedelta(hours=2)),
)
REG, ALPHA, MIDPOINT, RANK = 0.1, 2.0, 3.0, 3
NAMES = ("sex", "age")
OLD = "sex=F,age=old"  # the segment of which each fit has a fallback list
CONSTANTS = {
    "relevant_from": 4.0,
    "weighting": "minus_midpoint",
    "midpoint": MIDPOINT,
    "reg": REG,
    "alpha": ALPHA,
}

Rated = Mapping[str, float]
Scores = Mapping[str, float]


@dataclass(frozen=True)
class Fit:
    """One retrain's result. `profiles` have rating and time by item, `lists` are best first."""

    name: str
    profiles: Mapping[str, Mapping[str, tuple[float, datetime]]]
    lists: Mapping[str, Scores]
    popularity: Scores
    factors: np.ndarray
    segments: Mapping[str, str]  # by user, of what the product sent
    users_until: int  # transactions that wrote it are below this one

    @property
    def of_segment(self) -> Scores:
        """The fallback list of the segment `OLD`: that of all users the other way round."""
        least_first = sorted(self.popularity, key=lambda item: self.popularity[item])
        return {item: 9.0 - rank for rank, item in enumerate(least_first)}


def retrained(root: str, number: int) -> Fit:
    """Return a fit of the files' ratings and the collected events of the lake."""
    events = [*DELIVERED, *collected(root).values()]
    profiles: dict[str, dict[str, tuple[float, datetime]]] = {}
    for (user, item), of_item in by_pair(events).items():
        rating, at = rating_of(of_item)
        if rating is not None and at is not None:
            profiles.setdefault(user, {})[item] = (rating, at)
    liked = [
        item
        for profile in profiles.values()
        for item, (rating, _) in profile.items()
        if rating > MIDPOINT
    ]
    popularity = {i: liked.count(i) + (position + 1) / 100 for position, i in enumerate(KNOWN)}
    factors = np.random.default_rng(number).normal(0, 1, (len(KNOWN), RANK)).astype(np.float32)
    segments, users_until = described(root)
    fit = Fit(f"fit-{number}", profiles, {}, popularity, factors, segments, users_until)
    lists = {user: _list(fit, profile) for user, profile in profiles.items()}
    return replace(fit, lists={user: scores for user, scores in lists.items() if scores})


def collected(root: str) -> dict[str, Event]:
    """Return the lake's ratings and hides by id, in the order in which they were accepted.

    Undos and the events that they undo are left out, as `refine` leaves them out.
    """
    if not Lake(root).exists(BRONZE_FEEDBACK):
        return {}
    columns = ["event_id", "kind", "user_id", "item_id", "rating", "occurred_at"]
    table = Lake(root).read(BRONZE_FEEDBACK, columns=[*columns, "undoes"])
    rows = table.sort_by("event_id").to_pylist()
    undone = {row["undoes"] for row in rows}
    return {
        row["event_id"]: Event(*[row[name] for name in columns[1:]])
        for row in rows
        if row["kind"] in get_args(SentKind) and row["event_id"] not in undone
    }


def described(root: str) -> tuple[dict[str, str], int]:
    """Return the segment of each user of whom attributes were collected, and the next transaction.

    Of several changes of a user, the newest counts.
    """
    if not Lake(root).exists(BRONZE_USER_CHANGES):
        return {}, 0
    rows = sorted(Lake(root).rows(BRONZE_USER_CHANGES), key=lambda row: row["changed_at"])
    segments = {row["user_id"]: segment(dict(row["attributes"]), NAMES) for row in rows}
    return segments, 1 + max(row["xact"] for row in rows)


def by_pair(events: Sequence[Event]) -> dict[tuple[str, str], list[Event]]:
    """Return the events of each user and item, in the order of arrival."""
    pairs: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        pairs.setdefault((event.user_id, event.item_id), []).append(event)
    return pairs


def rating_of(events: Sequence[Event]) -> tuple[float | None, datetime | None]:
    """Return the current rating after a pair's events, and its time; ties go to the last."""
    rates = [event for event in events if event.kind not in HIDES]
    newest = max(reversed(rates), key=lambda event: event.occurred_at or START, default=None)
    return (newest.rating, newest.occurred_at) if newest else (None, None)


def folded(fit: Fit, rated: Rated, *, known: bool) -> Scores | None:
    """Return a user's score of each item, by the formula; None if they like nothing."""
    strength = {i: rating - MIDPOINT for i, rating in rated.items() if i in KNOWN}
    if not any(s > 0 for s in strength.values()):
        return None
    y = fit.factors.astype(np.float64)
    a, b = y.T @ y, np.zeros(RANK)
    for item, s in strength.items():
        row = y[KNOWN.index(item)]
        a += ALPHA * abs(s) * np.outer(row, row) + REG * (s > 0) * np.eye(RANK)
        b += (1 + ALPHA * s) * (s > 0) * row
    popularity = np.array(list(fit.popularity.values()))
    blend = (
        0
        if known
        else scoring.blend_weight(len(strength)) * np.log1p(popularity / popularity.mean())
    )
    return dict(zip(KNOWN, (y @ np.linalg.solve(a, b) + blend).tolist(), strict=True))


def publish_fit(
    engine: Engine,
    fit: Fit,
    *,
    instead_of: int | None,
    keep: int,
    dies: type[Exception] | None = None,
) -> int:
    """Publish a fit as the platform does; with `dies` it fails in the middle of COPY."""
    tables: dict[str, Any] = {
        name: pa.Table.from_pylist(rows).to_batches() for name, rows in _rows(fit).items()
    }
    if dies is not None:
        tables["profiles"] = _breaking_off(tables["profiles"], dies)
    candidate = replace(
        shop.FIT,
        retrain_id=fit.name,
        recipe=fit.name,
        constants=CONSTANTS,
        about=shop.ABOUT | {"highest": 5.0},
        counts={name: len(rows) for name, rows in _rows(fit).items()},
        users_until=fit.users_until,
    )
    publishing = partial(publish, engine, candidate, tables, actor="test", reason="A test.")
    return publishing(instead_of=instead_of, keep=keep)


def _list(fit: Fit, profile: Mapping[str, tuple[float, datetime]]) -> Scores:
    scores = folded(fit, {i: rating for i, (rating, _) in profile.items()}, known=True) or {}
    left = [i for i in scores if i not in profile]
    return {i: scores[i] for i in sorted(left, key=lambda i: -scores[i])}


def _rows(fit: Fit) -> dict[str, shop.Rows]:
    everybody = dict(sorted(fit.popularity.items(), key=lambda pair: -pair[1]))
    return {
        "recommendations": [
            {"user_id": user, "item_ids": list(scores), "scores": list(scores.values())}
            for user, scores in fit.lists.items()
        ],
        "profiles": [
            {
                "user_id": user,
                "segment": fit.segments.get(user, ""),
                "item_ids": list(profile),
                "ratings": [rating for rating, _ in profile.values()],
                "rated_at": [at for _, at in profile.values()],
            }
            for user, profile in fit.profiles.items()
        ],
        "item_factors": [
            {"item_id": i, "factors": row.tolist(), "popularity": liked, "trending": 0.0}
            for (i, liked), row in zip(fit.popularity.items(), fit.factors, strict=True)
        ],
        "fallback_lists": [
            {"segment": segment, "item_ids": list(scores), "scores": list(scores.values())}
            for segment, scores in (("", everybody), (OLD, fit.of_segment))
        ],
        "items": [
            {
                "item_id": i,
                "title": f"Title {i}",
                "categories": [CATEGORY[i]],
                "vendor": None,
                "released": 2000,
            }
            for i in (*KNOWN, COLD)
        ],
    }


def _breaking_off(batches: list[pa.RecordBatch], dies: type[Exception]) -> Iterator[pa.RecordBatch]:
    yield from batches
    raise dies
