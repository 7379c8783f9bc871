"""Lists of items, with the reason for each item."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from serving.schemas.base import Answer, Id, Number, RequestBody, with_example
from serving.schemas.catalogue import EXAMPLE_ITEM, Item

ListKind = Literal["live", "batch", "fallback"]
ReasonKind = Literal[
    "because_you_rated",
    "because_you_acted",
    "people_like_you",
    "popular",
    "trending",
    "similar",
    "pinned",
]

EXAMPLE_REASON: dict[str, JsonValue] = {
    "kind": "because_you_rated",
    "text": "because you rated Alien 5 stars",
    "item_id": "1214",
}
EXAMPLE_LISTED: dict[str, JsonValue] = EXAMPLE_ITEM | {
    "rank": 1,
    "score": 0.91,
    "reason": EXAMPLE_REASON,
}


class Reason(Answer):
    """Why an item is on a list, as text to show."""

    model_config = with_example(**EXAMPLE_REASON)

    kind: ReasonKind
    text: str = Field(description="Begins in lower case, to follow the item's title.")
    item_id: str | None = Field(default=None, description="The item that the reason refers to.")
    event_kind: str | None = Field(
        default=None, description="For `because_you_acted`: the kind of the event."
    )


class ListedItem(Item):
    """One item of a list. `score` orders items within one list; it is not a probability.

    Slate rules change ranks but not scores. A pinned item from outside the user's 100 best has
    score 0.
    """

    model_config = with_example(**EXAMPLE_LISTED)

    rank: int = Field(ge=1)
    score: float
    reason: Reason | None = Field(default=None, description="Null unless `explain` is true.")


LIST_ID = Field(
    default="",
    description="Id of this answer, to be sent with the events that follow from it; later ids are "
    "larger. What was shown is kept under it for 30 days (`RETENTION_SHOWN_LIST_DAYS`).",
)


class Recommendations(Answer):
    """A user's list, best first.

    `batch`: precomputed by the release. `live`: computed online from newer feedback with the
    release's model. `fallback`: popular items, because the model knows nothing about the user.
    Slate rules apply to all three.
    """

    model_config = with_example(
        list_id="187af5c9d0e1f200a1b2c3d4",
        user_id="42",
        kind="batch",
        release_id=7,
        recipe="als_centred_r8_4468be",
        live_since="2026-11-24T03:12:00Z",
        age_seconds=4711.0,
        n_new_ratings=0,
        items=[EXAMPLE_LISTED],
    )

    list_id: str = LIST_ID
    user_id: str | None = Field(description="Null for an anonymous user.")
    kind: ListKind
    release_id: int
    recipe: str = Field(description="Short stable name of the recipe.")
    live_since: datetime = Field(description="When the release went live.")
    age_seconds: float = Field(ge=0, description="Seconds since the release went live.")
    n_new_ratings: int = Field(
        default=0,
        ge=0,
        description="Items whose ratings or events were added, changed or removed since the "
        "release; for an anonymous user, all ratings sent.",
    )
    rules_version: int = Field(
        default=0, ge=0, description="Version of the applied slate rules; 0: never set."
    )
    items: tuple[ListedItem, ...]


class SimilarItems(Answer):
    """Items similar to one item, most similar first.

    `score` is the cosine of the factors. For an item-item recipe it is the model's weight of the
    pair; for a popularity, the cosine of the categories times a weight that rises with popularity.
    """

    model_config = with_example(item_id="1", release_id=7, items=[EXAMPLE_LISTED])

    list_id: str = LIST_ID
    item_id: str
    release_id: int
    items: tuple[ListedItem, ...]


class TakenTogether(Answer):
    """Items that users take together with one item or with those of a basket, best first.

    `score` is how much more often this happens than by chance: the sum, over the items asked for,
    of Dunning's log-likelihood ratios. It can be 1,000 and more.
    """

    model_config = with_example(
        item_ids=["1"], release_id=7, items=[EXAMPLE_LISTED | {"score": 212.4, "reason": None}]
    )

    list_id: str = LIST_ID
    item_ids: tuple[str, ...] = Field(description="The items asked for.")
    release_id: int
    items: tuple[ListedItem, ...]


class Shelf(Answer):
    """A list that does not depend on the user: popular, trending or of a vendor."""

    model_config = with_example(release_id=7, items=[EXAMPLE_LISTED])

    list_id: str = LIST_ID
    release_id: int
    items: tuple[ListedItem, ...]


class GivenRating(RequestBody):
    """One rating of an anonymous user."""

    item_id: Id
    rating: Number


class AnonymousUser(RequestBody):
    """The ratings of an anonymous user."""

    model_config = with_example(ratings=[{"item_id": "1214", "rating": 5.0}])

    ratings: tuple[GivenRating, ...] = Field(default=(), max_length=100, fail_fast=True)
