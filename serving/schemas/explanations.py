"""Why an item is on a list, and why not."""

from typing import Literal

from pydantic import Field

from serving.schemas.base import Answer, like

TermKind = Literal["rating", "popularity", "released", "segment", "category"]
ListStatus = Literal["listed", "below", "rated", "hidden", "ruled_out", "cold", "unknown"]


class ScoreTerm(Answer):
    """One summand of a score: a rating of the person, or a prior. May be negative."""

    kind: TermKind
    value: float
    item_id: str | None = Field(default=None, description="The rated item, for `rating`.")
    title: str | None = Field(default=None, description="Its title, or the prior in words.")
    rating: float | None = None


class Explanation(Answer):
    """Why an item is on a person's list, or why not. The parts add up to the score."""

    model_config = like(
        user_id="42",
        item_id="6",
        release_id=7,
        status="listed",
        text="no. 3 on the list",
        rank=3,
        score=0.91,
        terms=[
            {"kind": "rating", "value": 0.61, "item_id": "1214", "title": "Alien", "rating": 5.0},
            {"kind": "popularity", "value": 0.3, "title": "liked by many"},
        ],
    )

    user_id: str
    item_id: str
    release_id: int
    status: ListStatus = Field(
        description="`listed`: among the first 100. `below`: ranked further down. `rated`, "
        "`hidden`: by this person. `ruled_out`: for everybody, by a slate rule. `cold`: the "
        "release has not seen the item. `unknown`: the catalogue has no such item, so it has no "
        "title to show."
    )
    text: str = Field(description="The same in words.")
    rank: int | None = Field(default=None, description="Among all that could be listed.")
    score: float | None = None
    terms: tuple[ScoreTerm, ...] = Field(default=(), description="Largest first; all of them.")
