"""A shop under a mixed load: releases, rules, the requests of users, and checks of the answers."""

import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
from sqlalchemy import Engine, text

from serving.publishing.publish import publish
from serving.rules import store
from serving.schemas import NewRules, SlateRules
from serving.schemas.rules import Pin
from tests.support.load.closed_loop import Answer, Request, request
from tests.support.serving import shop

RANK, N_RATINGS, LENGTH, LIMIT = 16, 20, 100, 20
CONSTANTS = {
    "relevant_from": 7.0,
    "weighting": "minus_midpoint",
    "midpoint": 5.5,
    "reg": 0.5,
    "alpha": 2.0,
}
REFUSALS = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}
PRECOMPUTED, ONLINE, WITH_REASONS = "precomputed list", "list computed online", "list with reasons"
LISTS = {PRECOMPUTED, ONLINE, WITH_REASONS}
SHARES = {
    PRECOMPUTED: 0.3,
    ONLINE: 0.2,
    WITH_REASONS: 0.1,
    "explanation": 0.1,
    "search": 0.1,
    "rating": 0.15,
    "hide": 0.05,
}


@dataclass
class MixedLoad:
    """Draws requests and checks the answers. Silent users send no feedback; active users do."""

    dataset: str
    key: str
    n_users: int
    n_items: int
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    releases_seen: set[tuple[int, str]] = field(default_factory=set)  # release, items' prefix
    errors: list[str] = field(default_factory=list)
    newest_prefix: str = "1"

    def next_request(self) -> Request:
        """Return a request of one of the kinds, drawn by `SHARES`."""
        kind = str(self.random.choice(list(SHARES), p=list(SHARES.values())))
        item = f"{self.newest_prefix}-{self.random.integers(self.n_items)}"
        activity = "silent" if kind in {PRECOMPUTED, WITH_REASONS} else "active"
        user = f"/users/{activity}-{self.random.integers(self.n_users)}"
        if kind in LISTS:
            explain = "&explain=true" if kind == WITH_REASONS else ""
            return self._get(kind, f"{user}/recommendations?limit={LIMIT}{explain}")
        if kind == "explanation":
            return self._get(kind, f"{user}/explanations/{item}")
        if kind == "search":
            return self._get(kind, f"/items?q=film+{self.random.integers(10)}")
        if kind == "rating":
            stars = float(self.random.integers(1, 11))
            return self._put(kind, f"{user}/ratings/{item}", {"rating": stars})
        return self._put(kind, f"{user}/hidden/{item}", {"kind": "hide"})

    def check(self, answer: Answer) -> None:
        """Record an error, or the release of a list."""
        if answer.status != HTTPStatus.OK:
            if answer.status not in REFUSALS:
                self.errors.append(f"{answer.kind}: {answer.status} {answer.body[:200]!r}")
        elif answer.kind in LISTS:
            self._check_list(json.loads(answer.body))

    def _check_list(self, body: dict[str, Any]) -> None:
        ids = [item["item_id"] for item in body["items"]]
        prefixes = {item_id.partition("-")[0] for item_id in ids}
        ranks = [item["rank"] for item in body["items"]]
        if len(prefixes) != 1 or len({*ids}) != LIMIT or ranks != [*range(1, LIMIT + 1)]:
            self.errors.append(f"release {body['release_id']}: {ids}")
        self.releases_seen.update((body["release_id"], prefix) for prefix in prefixes)
        self.newest_prefix = max(self.newest_prefix, *prefixes)

    def _get(self, kind: str, path: str) -> Request:
        return request(kind, "GET", f"/v1/{self.dataset}{path}", self._headers)

    def _put(self, kind: str, path: str, body: dict[str, object]) -> Request:
        headers = self._headers | {"Idempotency-Key": str(uuid4())}
        return request(kind, "PUT", f"/v1/{self.dataset}{path}", headers, body)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True)
class BusyShop:
    """A shop under load. `writer` may change rules, `publisher` publishes."""

    publisher: Engine
    writer: Engine
    n_users: int = 300
    n_items: int = 2000

    def prepare(self) -> None:
        """Publish the first release, and store a rating of each active user."""
        self.publish("1", instead_of=None)
        with self.writer.begin() as connection:
            connection.execute(
                text(
                    "insert into feedback (user_id, item_id, rating, rated_at)"
                    " select 'active-' || n, '1-0', 9, now() from generate_series(0, :last) as n"
                ),
                {"last": self.n_users - 1},
            )

    def change(self) -> None:
        """Change the rules, publish a second release, and change the rules again."""
        with self.publisher.connect() as connection:
            live = connection.scalar(text("select release_id from live_release"))
        self.set_rules(SlateRules(most_per_category=5, diversity=0.2))
        self.publish("2", instead_of=live)
        self.set_rules(SlateRules(hide=("2-0", "2-1"), pin=(Pin(item_id="2-7", rank=3),)))

    def set_rules(self, rules: SlateRules) -> None:
        """Activate these rules."""
        with self.writer.begin() as connection:
            version = store.active(connection).version
            new = NewRules(rules=rules, instead_of=version, reason="load")
            store.replace(connection, new, actor="bench")

    def publish(self, prefix: str, *, instead_of: int | None) -> int:
        """Publish lists of items whose ids have a prefix that no other release has."""
        random = np.random.default_rng(int(prefix))
        ids = np.array([f"{prefix}-{n}" for n in range(self.n_items)])
        factors = random.normal(0, 0.3, (self.n_items, RANK)).tolist()
        users = [
            f"{activity}-{n}" for activity in ("silent", "active") for n in range(self.n_users)
        ]
        rows = {
            "recommendations": [_list(user, random, ids) for user in users],
            "profiles": [_profile(user, random, ids) for user in users],
            "item_factors": [
                {"item_id": item, "factors": row, "popularity": float(n), "trending": 0.0}
                for n, (item, row) in enumerate(zip(ids.tolist(), factors, strict=True))
            ],
            "fallback_lists": [{"segment": ""} | _list("", random, ids)],
            "items": shop.items(**{item: f"The title of film {item}" for item in ids.tolist()}),
        }
        batches = {name: pa.Table.from_pylist(table).to_batches() for name, table in rows.items()}
        fit = replace(shop.FIT, retrain_id=prefix, constants=CONSTANTS, counts={})
        return publish(
            self.publisher, fit, batches, actor="bench", reason="load", instead_of=instead_of
        )


def _list(user: str, random: np.random.Generator, ids: np.ndarray) -> dict[str, object]:
    chosen = random.choice(ids[N_RATINGS:], LENGTH, replace=False).tolist()
    return {"user_id": user, "item_ids": chosen, "scores": np.linspace(1, 0.1, LENGTH).tolist()}


def _profile(user: str, random: np.random.Generator, ids: np.ndarray) -> dict[str, object]:
    return {
        "user_id": user,
        "segment": "",
        "item_ids": ids[1:N_RATINGS].tolist(),
        "ratings": random.integers(1, 11, N_RATINGS - 1).astype(float).tolist(),
        "rated_at": [shop.RATED_AT] * (N_RATINGS - 1),
    }
