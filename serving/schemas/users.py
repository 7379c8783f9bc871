"""Users and their ratings."""

from datetime import datetime

from pydantic import Field

from serving.schemas.base import Answer, with_example
from serving.schemas.catalogue import HEAT, Item


class RatedItem(Item):
    """One item that a user rated."""

    rating: float
    rated_at: datetime


class User(Answer):
    """A user of the live release with their ratings, newest first."""

    model_config = with_example(
        user_id="42", n_rated=1, rated=[HEAT | {"rating": 4.0, "rated_at": "2000-04-25T23:05:32Z"}]
    )

    user_id: str
    n_rated: int
    rated: tuple[RatedItem, ...] = ()


class RatingsPage(Answer):
    """A page of a user's current ratings, newest first."""

    model_config = with_example(
        user_id="42",
        items=[HEAT | {"rating": 4.0, "rated_at": "2000-04-25T23:05:32Z"}],
        total=1,
        limit=20,
        offset=0,
    )

    user_id: str
    items: tuple[RatedItem, ...]
    hidden: tuple[Item, ...] = Field(
        default=(), description="Hidden items, newest first, at most 100. On the first page only."
    )
    total: int
    limit: int
    offset: int


class NewUser(Answer):
    """A new user's id, and the token with which the user can be erased."""

    user_id: str
    token: str = Field(description="256 random bits. It is returned only once.")


class Erasure(Answer):
    """The receipt of an erasure.

    It deletes the user's data from Postgres at once. The lake keeps what was already collected,
    and the next fits still train on it.
    """

    user_id: str
    n_events: int = Field(description="Deleted events, collected or not.")
    requested_at: datetime
