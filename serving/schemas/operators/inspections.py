"""One user or one item as an operator inspects it: lists, reasons, and effects of slate rules."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from serving.schemas.base import Answer, with_example
from serving.schemas.catalogue import EXAMPLE_ITEM, Item
from serving.schemas.explanations import ScoreTerm
from serving.schemas.lists import EXAMPLE_LISTED, ListedItem, ListKind
from serving.schemas.rules import RulesVersion
from serving.schemas.users import ErasureState

UserStatus = Literal["known", "new", "unknown", "erased"]
ItemStatus = Literal[
    "listed",
    "below",
    "capped",
    "rated",
    "acted",
    "hidden",
    "ruled_out",
    "withdrawn",
    "cold",
    "unknown",
]
RuleKind = Literal[
    "hide",
    "only_available",
    "keep_if",
    "pin",
    "boost",
    "most_per_category",
    "most_per_vendor",
    "diversity",
    "others",
]
Obstacle = Literal["withdrawn", "hidden", "kept_out", "unavailable", "never_rated", "below"]

STATUSES = (
    "`listed`: among the first `limit` items. `below`: ranked after these. `capped`: ranked after "
    "these because of a cap per category or vendor. `rated`, `hidden`: by this user. `acted`: this "
    "user has an event after which the item is not recommended again. `ruled_out`: removed from "
    "all lists by a slate rule. `withdrawn`: the live release does not have the item "
    "any more. `cold`: the model was not trained on the item. `unknown`: the catalogue never had it"
)
_BOOST: dict[str, JsonValue] = {"rule": "boost", "text": "boost +0.10 Crime", "rank_without": 4}


class RuleEffect(Answer):
    """What one slate rule did to one item."""

    model_config = with_example(**_BOOST)

    rule: RuleKind = Field(
        description="A field of the slate rules; `others`: rules moved or removed other items."
    )
    text: str
    rank_without: int | None = Field(
        default=None, description="The rank without this rule; null if it is after the 100th."
    )


class InspectedRelease(Answer):
    """The release that a list comes from."""

    release_id: int
    recipe: str
    retrain_id: str = Field(description="`<dag id>/<run id>` of the retrain.")
    verdict: str
    ready_at: datetime = Field(description="When its lists were completely loaded.")
    live_since: datetime


class InspectedItem(ListedItem):
    """One item of a list, with the terms of its score and what the slate rules did to it."""

    model_config = with_example(
        **EXAMPLE_LISTED,
        rank_before_rules=4,
        effects=[_BOOST],
        terms=[
            {"kind": "rating", "value": 0.61, "item_id": "1214", "title": "Alien", "rating": 5.0}
        ],
        n_other_terms=3,
        other_terms=0.3,
    )

    rank_before_rules: int | None = Field(
        description="Rank without slate rules; null if the model does not rank the item."
    )
    effects: tuple[RuleEffect, ...] = Field(
        description="The rules that apply to the item or moved it."
    )
    terms: tuple[ScoreTerm, ...] = Field(
        description="The strongest terms of the score, at most 8, by absolute value."
    )
    n_other_terms: int
    other_terms: float = Field(description="The sum of the other terms.")


class ComparedItem(Item):
    """An item of another list of the user, and where it is now."""

    model_config = with_example(
        **EXAMPLE_ITEM,
        rank=2,
        score=0.88,
        rank_now=None,
        status="rated",
        text="they rated it 5 stars",
    )

    rank: int = Field(description="Rank in the other list.")
    score: float
    rank_now: int | None = Field(description="Null if it is not among the first 100 now.")
    status: ItemStatus = Field(description=f"{STATUSES}.")
    text: str = Field(description="The status as text.")


class UserEvent(Answer):
    """One event of a user, or one rating that the live release has learned."""

    event_id: str | None = Field(description="Null if Postgres does not have the event itself.")
    kind: str = Field(
        description="`rate`, `unrate`, `hide`, `not_interested`, `undo`, or a kind of the manifest."
    )
    item_id: str
    title: str | None = Field(description="Null if the catalogue never had the item.")
    value: float | None = Field(description="The rating, or the event's value, if it has one.")
    occurred_at: datetime
    origin: Literal["file", "api"] = Field(
        description="`api`: sent by a product; `file`: Postgres has no trace of such a request."
    )
    sent_by: str | None = Field(default=None, description="Name of the API key.")
    state: Literal["pending", "in_lake", "in_release"] = Field(
        description="`pending`: waits to be collected into the lake. `in_lake`: not in the live "
        "release. `in_release`: the live release has learned it."
    )
    is_undone: bool = False


class UserInspection(Answer):
    """One user: their profile, their newest events, and their list with all causes.

    Of an erased user only the erasure is shown.
    """

    user_id: str
    status: UserStatus = Field(
        description="`known`: the live release has the user. `new`: only events or a token of the "
        "API do. `unknown`: there is no trace of the user. `erased`: the user was erased."
    )
    erasure: ErasureState | None = None
    segment: str = Field(
        default="",
        description="By the attributes that the product sent, else as in the live release; may be "
        "empty.",
    )
    n_rated: int = Field(default=0, description="Ratings that the live release has learned.")
    n_sent: int = Field(default=0, description="Events of the API that Postgres still has.")
    registered_at: datetime | None = Field(
        default=None, description="When the user was created through the API."
    )
    release: InspectedRelease | None = None
    rules: RulesVersion | None = None
    kind: ListKind | None = None
    n_new_ratings: int = 0
    limit: int = Field(description="The number of items of the lists below, at most.")
    items: tuple[InspectedItem, ...] = Field(default=(), description="The list as served now.")
    precomputed: tuple[ComparedItem, ...] = Field(
        default=(), description="The list of the live release, before newer events and rules."
    )
    without_rules: tuple[ComparedItem, ...] = Field(
        default=(), description="The list as it would be now without slate rules."
    )
    events: tuple[UserEvent, ...] = Field(default=(), description="Newest first, at most 100.")


class ItemForUser(Answer):
    """Where one item is for one user, and why. The terms add up to the score."""

    user_id: str
    item_id: str
    item: Item | None = Field(description="Null if the catalogue never had the item.")
    release_id: int
    rules_version: int
    limit: int = Field(description="The length of the list to which `status` refers.")
    status: ItemStatus = Field(description=f"{STATUSES}.")
    text: str = Field(description="The status as text.")
    rank: int | None = Field(
        description="Rank on the list; for an item that is not on it, the rank that its score "
        "would have. Null if the model does not rank the item."
    )
    rank_by_score: int | None = Field(description="Rank by the score alone.")
    rank_before_rules: int | None
    score: float | None
    effects: tuple[RuleEffect, ...] = ()
    terms: tuple[ScoreTerm, ...] = Field(default=(), description="All terms, largest first.")


class Share(Answer):
    """A number of users, counted among all or, in a large release, in a sample."""

    n: int
    n_examined: int = Field(description="Users among whom they were counted.")
    n_total: int = Field(description="Users of the release.")


class RankBand(Answer):
    """The number of lists that have an item at one of these ranks."""

    first: int
    last: int
    n: int


class ListedFor(Answer):
    """A user whose precomputed list has an item."""

    user_id: str
    rank: int


class Cause(Answer):
    """Why an item is on no list."""

    obstacle: Obstacle
    text: str


class ItemInspection(Answer):
    """One item: who gets it, at which ranks, or why no user does."""

    item: Item
    release: InspectedRelease
    rules: RulesVersion
    popularity: float | None = Field(
        description="Its score in the fallback list; null if the model was not trained on it."
    )
    popularity_rank: int | None
    n_ranked: int = Field(description="Items that the model was trained on.")
    raters: Share = Field(description="Users whose rating of it the release has learned.")
    lists: Share = Field(description="Users whose precomputed list of up to 100 items has it.")
    ranks: tuple[RankBand, ...] = Field(description="The ranks in these lists; empty without any.")
    best_rank: int | None
    median_rank: int | None
    best_ranked: tuple[ListedFor, ...] = Field(
        default=(), description="Up to five users with the best ranks. For operators only."
    )
    effects: tuple[RuleEffect, ...] = Field(description="The rules that name the item.")
    causes: tuple[Cause, ...] = Field(description="Why it is on no list; empty if it is on one.")


class ViewRecord(Answer):
    """The entry of a view of a user in the audit."""

    is_new: bool = Field(description="False: there is an entry that is less than an hour old.")
