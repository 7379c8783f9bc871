"""Lists of items, and why an item is on one."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from serving.schemas.base import Answer, Asked, Id, Number, like
from serving.schemas.catalogue import HEAT, Item

ListKind = Literal["live", "batch", "fallback"]
ReasonKind = Literal[
    "because_you_rated", "people_like_you", "popular", "trending", "alike", "pinned"
]

BECAUSE: dict[str, JsonValue] = {
    "kind": "because_you_rated",
    "text": "because you rated Alien 5 stars",
    "item_id": "1214",
}
LISTED: dict[str, JsonValue] = HEAT | {"rank": 1, "score": 0.91, "reason": BECAUSE}


class Reason(Answer):
    """Why an item is on a list, in words that can be shown as they are."""

    model_config = like(**BECAUSE)

    kind: ReasonKind
    text: str = Field(description="Begins with a small letter: it follows the item's title.")
    item_id: str | None = Field(default=None, description="The item that the reason names.")


class ListedItem(Item):
    """One item of a list. `score` orders items within one list; it is no probability.

    Slate rules reorder lists and leave scores as they are; a pinned item that was not among the
    person's best has score 0.
    """

    model_config = like(**LISTED)

    rank: int = Field(ge=1)
    score: float
    reason: Reason | None = Field(default=None, description="Null unless it was asked for.")


class Recommendations(Answer):
    """A person's list, best first, and what kind of list it is.

    `batch`: from what the release knew of the person. `live`: made just now from newer feedback,
    with the factors of the release. `fallback`: the model knows nothing of the person. Slate rules
    hold for each of them.
    """

    model_config = like(
        user_id="42",
        kind="batch",
        release_id=7,
        recipe="als_centred_r8_4468be",
        live_since="2026-11-24T03:12:00Z",
        age_seconds=4711.0,
        n_new_ratings=0,
        items=[LISTED],
    )

    user_id: str | None = Field(description="Null for somebody who said only what he rated.")
    kind: ListKind
    release_id: int
    recipe: str = Field(description="Short stable name of the recipe that made the list.")
    live_since: datetime = Field(description="When the release went live, UTC.")
    age_seconds: float = Field(ge=0, description="How long ago that was.")
    n_new_ratings: int = Field(
        default=0, ge=0, description="Ratings that the release did not know of."
    )
    rules_version: int = Field(
        default=0, ge=0, description="Of the slate rules that hold; 0: nobody ever made any."
    )
    items: tuple[ListedItem, ...]


class SimilarItems(Answer):
    """Items like one item, most alike first. `score` is a cosine, -1 to 1."""

    model_config = like(item_id="1", release_id=7, items=[LISTED])

    item_id: str
    release_id: int
    items: tuple[ListedItem, ...]


class Shelf(Answer):
    """Items in the order of a signal that needs no person: popular, trending, of a vendor."""

    model_config = like(release_id=7, items=[LISTED])

    release_id: int
    items: tuple[ListedItem, ...]


class GivenRating(Asked):
    """One rating of somebody who has no id."""

    item_id: Id
    rating: Number


class AnonymousUser(Asked):
    """What a caller sends to get a list for somebody who has no id."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ratings": [{"item_id": "1214", "rating": 5.0}]}]}
    )

    ratings: tuple[GivenRating, ...] = Field(default=(), max_length=100)
