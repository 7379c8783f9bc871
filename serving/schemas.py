"""What the API answers and its client reads: frozen values, JSON by pydantic."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    StringConstraints,
)

ListKind = Literal["live", "batch", "fallback"]
EventKind = Literal["rate", "unrate", "hide", "not_interested"]
HideKind = Literal["hide", "not_interested"]
ReasonKind = Literal["because_you_rated", "people_like_you", "popular", "trending", "alike"]
PartKind = Literal["rating", "popularity", "released", "segment", "category"]
Standing = Literal["listed", "below", "rated", "hidden", "cold", "unknown"]

# Ids are the product's own text. Postgres has no NUL; nobody has an id of kilobytes.
Id = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00]*$")]


def _is_text(given: object) -> object:
    if isinstance(given, datetime) or (isinstance(given, str) and given[4:5] == "-"):
        return given
    raise ValueError("a time is text that begins with its year, as RFC 3339 has it")


# JSON's own numbers and times: neither "4" nor true is a rating, and 1 is no time.
Number = Annotated[FiniteFloat, Field(strict=True)]
Moment = Annotated[AwareDatetime, BeforeValidator(_is_text)]


_HEAT: dict[str, JsonValue] = {
    "item_id": "6",
    "title": "Heat",
    "categories": ["Action", "Crime"],
    "vendor": None,
    "released": 1995,
}
_BECAUSE: dict[str, JsonValue] = {
    "kind": "because_you_rated",
    "text": "because you rated Alien 5 stars",
    "item_id": "1214",
}
_LISTED: dict[str, JsonValue] = _HEAT | {"rank": 1, "score": 0.91, "reason": _BECAUSE}


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


class Reason(_Answer):
    """Why an item is on a list, in words that can be shown as they are."""

    model_config = _like(**_BECAUSE)

    kind: ReasonKind
    text: str = Field(description="Begins with a small letter: it follows the item's title.")
    item_id: str | None = Field(default=None, description="The item that the reason names.")


class ListedItem(Item):
    """One item of a list. `score` orders items within one list; it is no probability."""

    model_config = _like(**_LISTED)

    rank: int = Field(ge=1)
    score: float
    reason: Reason | None = Field(default=None, description="Null unless it was asked for.")


class RatedItem(Item):
    """One item that a person rated, as the release knew it."""

    rating: float
    rated_at: datetime


class Recommendations(_Answer):
    """A person's list, best first, and what kind of list it is.

    `batch`: looked up as the release has it. `live`: made just now from newer feedback, with the
    factors of the release. `fallback`: the model knows nothing of the person.
    """

    model_config = _like(
        user_id="42",
        kind="batch",
        release_id=7,
        recipe="als-64-a1b2c3",
        made_at="2026-11-24T03:12:00Z",
        age_seconds=4711.0,
        n_new=0,
        items=[_LISTED],
    )

    user_id: str | None = Field(description="Null for somebody who said only what he rated.")
    kind: ListKind
    release_id: int
    recipe: str = Field(description="Short stable name of the recipe that made the list.")
    made_at: datetime = Field(description="When the release went live, UTC.")
    age_seconds: float = Field(ge=0, description="How long ago that was.")
    n_new: int = Field(default=0, ge=0, description="Ratings that the release did not know of.")
    items: tuple[ListedItem, ...]


class SimilarItems(_Answer):
    """Items like one item, most alike first. `score` is a cosine, -1 to 1."""

    model_config = _like(item_id="1", release_id=7, items=[_LISTED])

    item_id: str
    release_id: int
    items: tuple[ListedItem, ...]


class Shelf(_Answer):
    """Items in the order of a signal that needs no person: popular, trending, of a vendor."""

    model_config = _like(release_id=7, items=[_LISTED])

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


class RatingsPage(_Answer):
    """What a person rated, newest first: what the release knew, and what came since."""

    model_config = _like(
        user_id="42",
        items=[_HEAT | {"rating": 4.0, "rated_at": "2000-04-25T23:05:32Z"}],
        total=1,
        limit=20,
        offset=0,
    )

    user_id: str
    items: tuple[RatedItem, ...]
    hidden: tuple[Item, ...] = Field(
        default=(), description="What he hid, newest first, at most 100; on the first page alone."
    )
    total: int
    limit: int
    offset: int


class Part(_Answer):
    """One summand of a score: a rating of the person, or a prior. May be negative."""

    kind: PartKind
    part: float
    item_id: str | None = Field(default=None, description="The rated item, for `rating`.")
    title: str | None = Field(default=None, description="Its title, or the prior in words.")
    rating: float | None = None


class Explanation(_Answer):
    """Why an item is on a person's list, or why not. The parts add up to the score."""

    model_config = _like(
        user_id="42",
        item_id="6",
        release_id=7,
        standing="listed",
        text="no. 3 on the list",
        rank=3,
        score=0.91,
        parts=[
            {"kind": "rating", "part": 0.61, "item_id": "1214", "title": "Alien", "rating": 5.0},
            {"kind": "popularity", "part": 0.3, "title": "liked by many"},
        ],
    )

    user_id: str
    item_id: str
    release_id: int
    standing: Standing = Field(
        description="`listed`: among the first 100. `below`: ranked further down. `rated`, "
        "`hidden`: by this person. `cold`: the release has not seen the item. `unknown`: the "
        "catalogue has no such item, so it has no title to show."
    )
    text: str = Field(description="The same in words.")
    rank: int | None = Field(default=None, description="Among all that could be listed.")
    score: float | None = None
    parts: tuple[Part, ...] = Field(default=(), description="Largest first; all of them.")


class Rating(_Answer):
    """What a caller sends to rate an item."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"rating": 4.0}]}
    )

    rating: Number = Field(description="On the data set's scale, by its steps.")
    occurred_at: Moment | None = Field(
        default=None,
        description="When the person rated; now, where it is left out. More than 5 minutes ahead "
        "is refused, less is taken for now.",
    )


class Hide(_Answer):
    """What a caller sends to keep an item off a person's lists."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"kind": "hide"}]}
    )

    kind: HideKind = "hide"
    occurred_at: Moment | None = Field(default=None, description="As of a rating.")


class GivenRating(_Answer):
    """One rating of somebody who has no id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item_id: Id
    rating: Number


class Stranger(_Answer):
    """What a caller sends to get a list for somebody who has no id."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"ratings": [{"item_id": "1214", "rating": 5.0}]}]},
    )

    ratings: tuple[GivenRating, ...] = Field(default=(), max_length=100)


class Receipt(_Answer):
    """What became of an event. `repeated`: this idempotency key was taken before, once."""

    model_config = _like(
        event_id="0f8fad5bd9cb469fa165708677289502",
        kind="rate",
        user_id="42",
        item_id="6",
        status="accepted",
        occurred_at="2026-11-24T12:00:00Z",
    )

    event_id: str
    kind: EventKind
    user_id: str
    item_id: str
    status: Literal["accepted", "repeated"]
    occurred_at: datetime


class NewPerson(_Answer):
    """Somebody who starts: his id, and the token with which he can be forgotten."""

    user_id: str
    token: str = Field(description="256 random bits, shown this once.")


class Forgotten(_Answer):
    """What is gone of a person: at once here, offline with the next erasure."""

    user_id: str
    n_events: int = Field(description="Events that were deleted, collected or not.")
    requested_at: datetime


class OutboxState(_Answer):
    """How far the loop has come: events that wait to be collected, and since when."""

    n_events: int = Field(description="Events in the outbox, since the beginning.")
    n_waiting: int = Field(description="Of them not yet in the lake.")
    oldest_waiting_at: datetime | None = None
    collected_at: datetime | None = Field(default=None, description="When `collect` last wrote.")


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
