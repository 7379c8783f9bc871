"""A shop under a mixed load: its releases, what its people ask, and what no answer may be."""

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
from tests.support.load.closed_loop import Answer, Ask, request
from tests.support.serving import shop

RANK, RATED, LENGTH, LIMIT = 16, 20, 100, 20
CONSTANTS = {
    "relevant_from": 7.0,
    "weighting": "minus_midpoint",
    "midpoint": 5.5,
    "reg": 0.5,
    "alpha": 2.0,
}
HONEST = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}
LISTS = ("list, looked up", "list, just now", "list with reasons")
SHARES = {
    "list, looked up": 0.3,
    "list, just now": 0.2,
    "list with reasons": 0.1,
    "explanation": 0.1,
    "search": 0.1,
    "rating": 0.15,
    "hide": 0.05,
}


@dataclass
class Mix:
    """Draws requests, and looks at the answers.

    Quiet people never say anything; the others do all the time.
    """

    dataset: str
    key: str
    people: int
    items: int
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    shown: set[tuple[int, str]] = field(default_factory=set)  # release, whose items
    wrong: list[str] = field(default_factory=list)
    newest: str = "1"

    def ask(self) -> Ask:
        """Return a request of one of the kinds, in their shares."""
        kind = str(self.random.choice(list(SHARES), p=list(SHARES.values())))
        item = f"{self.newest}-{self.random.integers(self.items)}"
        who = "quiet" if kind in LISTS[::2] else "busy"
        user = f"/users/{who}-{self.random.integers(self.people)}"
        if kind in LISTS:
            why = "&explain=true" if kind == "list with reasons" else ""
            return self._get(kind, f"{user}/recommendations?limit={LIMIT}{why}")
        if kind == "explanation":
            return self._get(kind, f"{user}/explanations/{item}")
        if kind == "search":
            return self._get(kind, f"/items?q=film+{self.random.integers(10)}")
        if kind == "rating":
            stars = float(self.random.integers(1, 11))
            return self._put(kind, f"{user}/ratings/{item}", {"rating": stars})
        return self._put(kind, f"{user}/hidden/{item}", {"kind": "hide"})

    def see(self, answer: Answer) -> None:
        """Note what is wrong with an answer, and which release a list is of."""
        if answer.status != HTTPStatus.OK:
            if answer.status not in HONEST:
                self.wrong.append(f"{answer.kind}: {answer.status} {answer.body[:200]!r}")
        elif answer.kind in LISTS:
            self._see_list(json.loads(answer.body))

    def _see_list(self, found: dict[str, Any]) -> None:
        ids = [item["item_id"] for item in found["items"]]
        whose = {item_id.partition("-")[0] for item_id in ids}
        ranks = [item["rank"] for item in found["items"]]
        if len(whose) != 1 or len({*ids}) != LIMIT or ranks != [*range(1, LIMIT + 1)]:
            self.wrong.append(f"release {found['release_id']}: {ids}")
        self.shown.update((found["release_id"], one) for one in whose)
        self.newest = max(self.newest, *whose)

    def _get(self, kind: str, path: str) -> Ask:
        return request(kind, "GET", f"/v1/{self.dataset}{path}", self._headers)

    def _put(self, kind: str, path: str, body: dict[str, object]) -> Ask:
        headers = self._headers | {"Idempotency-Key": str(uuid4())}
        return request(kind, "PUT", f"/v1/{self.dataset}{path}", headers, body)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True)
class World:
    """A shop under load. `writer` may change rules, `publisher` publishes."""

    publisher: Engine
    writer: Engine
    people: int = 300
    items: int = 2000

    def prepare(self) -> None:
        """Publish the first release, and let the busy people say something."""
        self.release("1", instead_of=None)
        with self.writer.begin() as connection:
            connection.execute(
                text(
                    "insert into feedback (user_id, item_id, rating, rated_at)"
                    " select 'busy-' || n, '1-0', 9, now() from generate_series(0, :last) as n"
                ),
                {"last": self.people - 1},
            )

    def change(self) -> None:
        """Change the rules, publish a second release, and change the rules again."""
        with self.publisher.connect() as connection:
            live = connection.scalar(text("select release_id from live_release"))
        self.rule(SlateRules(most_per_category=5, diversity=0.2))
        self.release("2", instead_of=live)
        self.rule(SlateRules(hide=("2-0", "2-1"), pin=(Pin(item_id="2-7", rank=3),)))

    def rule(self, new: SlateRules) -> None:
        """Let these rules hold."""
        with self.writer.begin() as connection:
            version = store.live(connection).version
            made = NewRules(rules=new, instead_of=version, reason="load")
            store.replace(connection, made, actor="bench")

    def release(self, number: str, *, instead_of: int | None) -> int:
        """Publish lists of items that no other release shows."""
        random = np.random.default_rng(int(number))
        ids = np.array([f"{number}-{n}" for n in range(self.items)])
        factors = random.normal(0, 0.3, (self.items, RANK)).tolist()
        people = [f"{kind}-{n}" for kind in ("quiet", "busy") for n in range(self.people)]
        rows = {
            "recommendations": [_list(user, random, ids) for user in people],
            "profiles": [_profile(user, random, ids) for user in people],
            "item_factors": [
                {"item_id": item, "factors": row, "popularity": float(n), "trending": 0.0}
                for n, (item, row) in enumerate(zip(ids.tolist(), factors, strict=True))
            ],
            "fallback_lists": [{"segment": ""} | _list("", random, ids)],
            "items": shop.items(**{item: f"The title of film {item}" for item in ids.tolist()}),
        }
        batches = {name: pa.Table.from_pylist(found).to_batches() for name, found in rows.items()}
        fit = replace(shop.FIT, retrain_id=number, constants=CONSTANTS, counts={})
        return publish(
            self.publisher, fit, batches, actor="bench", reason="load", instead_of=instead_of
        )


def _list(user: str, random: np.random.Generator, ids: np.ndarray) -> dict[str, object]:
    chosen = random.choice(ids[RATED:], LENGTH, replace=False).tolist()
    return {"user_id": user, "item_ids": chosen, "scores": np.linspace(1, 0.1, LENGTH).tolist()}


def _profile(user: str, random: np.random.Generator, ids: np.ndarray) -> dict[str, object]:
    return {
        "user_id": user,
        "segment": "",
        "item_ids": ids[1:RATED].tolist(),
        "ratings": random.integers(1, 11, RATED - 1).astype(float).tolist(),
        "rated_at": [shop.RATED_AT] * (RATED - 1),
    }
