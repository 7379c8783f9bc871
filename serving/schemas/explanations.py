"""Why an item is or is not on a list."""

from typing import Literal

from pydantic import Field

from serving.schemas.base import Answer, with_example

TermKind = Literal["rating", "event", "popularity", "released", "segment", "category"]
ListStatus = Literal["listed", "below", "rated", "acted", "hidden", "ruled_out", "cold", "unknown"]


class ScoreTerm(Answer):
    """One term of a score: a rating or an event of the user, or a prior. It may be negative."""

    kind: TermKind
    value: float
    item_id: str | None = Field(
        default=None,
        description="For `rating` and `event`: the item that was rated or has the event.",
    )
    title: str | None = Field(default=None, description="That item's title, or the prior's name.")
    rating: float | None = None
    event_kind: str | None = Field(default=None, description="For `event`: its kind.")


class Explanation(Answer):
    """Why an item is or is not on a user's list. The terms add up to the score."""

    model_config = with_example(
        user_id="42",
        item_id="6",
        release_id=7,
        status="listed",
        text="#3 on your list",
        rank=3,
        score=0.91,
        terms=[
            {"kind": "rating", "value": 0.61, "item_id": "1214", "title": "Alien", "rating": 5.0},
            {"kind": "popularity", "value": 0.3, "title": "popularity"},
        ],
    )

    user_id: str
    item_id: str
    release_id: int
    status: ListStatus = Field(
        description="`listed`: among the first 100. `below`: ranked below these. `rated`, "
        "`hidden`: by this user. `acted`: this user has an event after which the item is not "
        "recommended again. `ruled_out`: removed from all lists by a slate rule. `cold`: the "
        "model was not trained on the item. `unknown`: the catalogue does not have the item."
    )
    text: str = Field(description="The status as text.")
    rank: int | None = Field(default=None, description="Rank among all items that could be listed.")
    score: float | None = None
    terms: tuple[ScoreTerm, ...] = Field(default=(), description="All terms, largest first.")
