"""A small data set in silver with known preferences, and the tasks of a retrain on it.

60 users prefer even items and 60 prefer odd ones. Each of them rates 36 of 40 items in turns, so
the newest fifth has ratings of every user. Categories do not depend on preferences. There are also
a new user with the last ratings, a user who dislikes every item, a user who hides an item, an item
without a title, and an item without a rating.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jobs import decide, evaluate, fit, freeze, nominate, publish, search
from tests.support.jobs import silver
from tests.support.jobs.product import product
from tests.support.runs import under
from warehouse.datasets import Dataset
from warehouse.run_keys import RunKey
from warehouse.tables import (
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_ITEM_INDEX,
    SILVER_ITEMS,
    SILVER_REFINEMENTS,
    SILVER_USER_INDEX,
    SILVER_USERS,
    Table,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from warehouse.delta import Warehouse

RUN = "product__retrain/one"
SMALL = '{"kind": "als", "rank": 2, "iterations": 5}'
N_USERS, N_ITEMS, N_RATED = 120, 40, 36
NEW_USER, DISLIKES_ALL, UNTITLED, UNRATED = "new_user", "dislikes_all", "untitled", "unrated"
HIDES = ("u000", "i02")
START = datetime(2024, 1, 1, tzinfo=UTC)
LIKED, DISLIKED = 5.0, 1.0

Row = dict[str, Any]


def world(**changes: Any) -> Dataset:
    """Return the manifest of the small data set."""
    floors = {"min_test_users": 50, "min_coverage": 0.1}
    return product(**{"floors": floors} | changes)


def likes(user_id: str, item_id: str) -> bool:
    """Return whether the user prefers the item."""
    return user_id[0] == "u" and int(user_id[1:]) % 2 == int(item_id[1:]) % 2


def category(item_id: str) -> str:
    """Return the item's only category, which five even and five odd items share."""
    return item_id[:2]


def write(warehouse: "Warehouse") -> None:
    """Write the silver tables as `refine` does."""
    rows = list(ratings())
    events = [
        {
            "event_id": f"{at:032x}",
            "kind": "rate",
            "user_id": user_id,
            "item_id": item_id,
            "rating": rating,
            "occurred_at": START + timedelta(hours=at),
        }
        for at, (user_id, item_id, rating) in enumerate(rows)
    ]
    hide = dict.fromkeys(events[0], None) | {
        "event_id": "f" * 32,
        "kind": "hide",
        "user_id": HIDES[0],
        "item_id": HIDES[1],
        "occurred_at": START,
    }
    users = sorted({user_id for user_id, _, _ in rows})
    items = [*(f"i{n:02d}" for n in range(N_ITEMS)), UNRATED]
    tables: dict[Table, list[Row]] = {
        SILVER_EVENTS: [row | {"landing_id": "l", "run_key": "k"} for row in [*events, hide]],
        SILVER_INTERACTIONS: [row | {"rated_at": row["occurred_at"]} for row in events],
        SILVER_ITEMS: [_item(item_id) for item_id in items],
        SILVER_USERS: [
            {"user_id": user_id, "attributes": {"age": "old" if at % 3 else "young"}}
            for at, user_id in enumerate(users)
        ],
        SILVER_USER_INDEX: [{"user_id": u, "user_index": at} for at, u in enumerate(users)],
        SILVER_ITEM_INDEX: [
            {"item_id": i, "item_index": at} for at, i in enumerate([*items, UNTITLED])
        ],
        SILVER_REFINEMENTS: [_refinement(len(rows))],
    }
    silver.append_all(warehouse, tables)


def ratings() -> Iterator[tuple[str, str, float]]:
    """Yield (user, item, rating), oldest first."""
    for step in range(N_RATED):
        for number in range(N_USERS):
            user_id, item = f"u{number:03d}", (number * 7 + step * 3) % N_ITEMS
            item_id = f"i{item:02d}"
            if (user_id, item_id) != HIDES:
                yield user_id, item_id, LIKED if likes(user_id, item_id) else DISLIKED
        yield "u001", UNTITLED, LIKED
        if step < N_ITEMS // 4:
            yield DISLIKES_ALL, f"i{step:02d}", DISLIKED
    yield from ((NEW_USER, f"i{number:02d}", LIKED) for number in range(4))


@dataclass(frozen=True)
class Retrain:
    """The tasks of one retrain, each with its own run key."""

    warehouse: "Warehouse"
    engine: "Engine"
    dataset: Dataset
    run: str = RUN

    def key(self, task: str) -> RunKey:
        """Return the task's run key."""
        return RunKey.parse(f"{self.run}/{task}")

    def freeze(self) -> None:
        freeze.run(self.warehouse.root, self.dataset, run_key=self.key("freeze"))

    def nominate(self, recipe: str = SMALL) -> None:
        root, key = self.warehouse.root, self.key("nominate")
        options = {"recipe": recipe, "reason": "A test"}
        nominate.run(root, self.dataset, self.engine, run_key=key, **options)

    def search(self) -> None:
        search.use_nomination(self.warehouse.root, run_key=self.key("search"))

    def evaluate(self) -> None:
        evaluate.run(under(self.warehouse, self.key("evaluate")), self.dataset)

    def decide(self) -> bool:
        key = self.key("decide")
        return decide.run(self.warehouse.root, self.dataset, self.engine, run_key=key)

    def fit(self) -> None:
        fit.run(under(self.warehouse, self.key("fit")), self.dataset)

    def publish(self) -> int:
        key = self.key("publish")
        return publish.run(self.warehouse.root, self.dataset, self.engine, run_key=key)

    def run_all(self, recipe: str = SMALL) -> int:
        """Run all tasks; return the release."""
        self.freeze()
        self.nominate(recipe)
        self.search()
        self.evaluate()
        assert self.decide()
        self.fit()
        return self.publish()


def _item(item_id: str) -> Row:
    words = {"title": f"Title of {item_id}", "categories": [category(item_id)]}
    return {"item_id": item_id, "vendor": None, "released": 1999} | words


def _refinement(n_rows: int) -> Row:
    counts = {"n_rows": n_rows + 10, "n_accepted": n_rows, "n_quarantined": 10}
    names = {"landing_id": "l", "target": "ratings", "run_key": "k", "refined_at": START}
    return names | counts | {"n_duplicates": 0, "n_unknown_items": 1}
