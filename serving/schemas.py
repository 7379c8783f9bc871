"""What the API answers and its client reads: frozen values, JSON by pydantic."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue

ListKind = Literal["live", "batch", "fallback"]


_HEAT: dict[str, JsonValue] = {
    "item_id": "6",
    "title": "Heat",
    "categories": ["Action", "Crime"],
    "vendor": None,
    "released": 1995,
}
_LISTED: dict[str, JsonValue] = _HEAT | {"rank": 1, "score": 0.91}


def _like(**example: JsonValue) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Item(_Answer):
    """One item of the catalogue, as the product shows it."""

    model_config = _like(**_HEAT)

    item_id: str
    title: str
    categories: tuple[str, ...] = ()
    vendor: str | None = None
    released: int | None = Field(default=None, description="Year of release, where it is known.")


class ListedItem(Item):
    """One item of a list. `score` orders items within one list; it is no probability."""

    model_config = _like(**_LISTED)

    rank: int = Field(ge=1)
    score: float


class RatedItem(Item):
    """One item that a person rated, as the release knew it."""

    rating: float
    rated_at: datetime


class Recommendations(_Answer):
    """A person's list, best first, and what kind of list it is."""

    model_config = _like(
        user_id="42",
        kind="batch",
        release_id=7,
        recipe="als-64-a1b2c3",
        made_at="2026-11-24T03:12:00Z",
        items=[_LISTED],
    )

    user_id: str
    kind: ListKind
    release_id: int
    recipe: str = Field(description="Short stable name of the recipe that made the list.")
    made_at: datetime = Field(description="When the release went live, UTC.")
    items: tuple[ListedItem, ...]


class SimilarItems(_Answer):
    """Items like one item, most alike first. `score` is a cosine, -1 to 1."""

    model_config = _like(item_id="1", release_id=7, items=[_LISTED])

    item_id: str
    release_id: int
    items: tuple[ListedItem, ...]


class ItemPage(_Answer):
    """One page of the catalogue. `total` counts all that match, not only this page."""

    model_config = _like(items=[_HEAT], total=1, limit=20, offset=0)

    items: tuple[Item, ...]
    total: int
    limit: int
    offset: int


class Person(_Answer):
    """Somebody whom the live release knows, and what he rated, newest first."""

    model_config = _like(
        user_id="42",
        n_rated=1,
        rated=[_HEAT | {"rating": 4.0, "rated_at": "2000-04-25T23:05:32Z"}],
    )

    user_id: str
    n_rated: int
    rated: tuple[RatedItem, ...] = ()


class Release(_Answer):
    """One complete set of lists. `live` is true for at most one release of a data set."""

    release_id: int
    recipe: str
    recipe_json: dict[str, object]
    verdict: str
    retrain_id: str = Field(description="`<dag id>/<run id>` of the retrain that made it.")
    n_users: int
    n_items: int
    ready_at: datetime
    live: bool
    live_since: datetime | None = None
    pinned_by: str | None = None


class About(_Answer):
    """What a product should know of its data set: words, scale, categories, licence."""

    dataset: str
    title: str
    item_noun: str = Field(description='Singular: "film", "book", "product".')
    licence: str
    lowest: float
    highest: float
    step: float
    categories: tuple[str, ...] = Field(description="Every category of the catalogue, by name.")
    n_items: int


class Verdict(_Answer):
    """The gate's decision on one retrain, with its evidence in short."""

    retrain_id: str
    verdict: Literal["first", "promote", "refresh", "hold"]
    reason: str = Field(description="One sentence.")
    recipe: str | None = Field(description="Name of the recipe that was chosen; null for `hold`.")
    lines: tuple[dict[str, object], ...] = Field(
        description="The rule line by line: `rule`, `passed` (true, false or null), `detail`."
    )
    metrics: tuple[dict[str, object], ...] = Field(
        description="`recipe`, `role`, `metric`, `value`, `n_users`, and for the headline "
        "`difference`, `low`, `high`: the challenger's lead over that recipe with its interval."
    )
    decided_at: datetime

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the verdict that a row of the lake's table `gold.verdicts` holds."""
        lists = {"lines": json.loads(row["lines"]), "metrics": json.loads(row["comparisons"])}
        return cls.model_validate({**row, **lists})


class Health(_Answer):
    """Whether the process answers."""

    status: Literal["ok"] = "ok"


class Problem(_Answer):
    """An error as RFC 9457 has it (`application/problem+json`), with what to do next."""

    model_config = _like(
        type="urn:recsys:problem:unknown-item",
        title="Unknown item",
        status=404,
        detail="There is no item '0'.",
        instance="/v1/movielens_1m/items/0",
        code="unknown-item",
        next_step="Search the catalogue for its title; a new item comes with the next release.",
    )

    type: str = Field(description="`urn:recsys:problem:` and the code.")
    title: str = Field(description="The kind of problem, in a few words.")
    status: int
    detail: str = Field(description="This very case, in a sentence.")
    instance: str = Field(description="The path that was asked.")
    code: str = Field(description="Stable: `unknown-item`, `nothing-released`, …")
    next_step: str = Field(description="What to do about it.")


class Readiness(_Answer):
    """Whether the process can serve this data set, and what is missing if not."""

    ready: bool
    database: bool
    schema_version: str | None
    live_release: int | None
    detail: str


class AllReadiness(_Answer):
    """Whether the process can serve all its data sets."""

    ready: bool
    detail: str
    datasets: dict[str, Readiness]
