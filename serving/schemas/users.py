"""People, and what they rated."""

from datetime import datetime

from pydantic import Field

from serving.schemas.base import Answer, like
from serving.schemas.catalogue import HEAT, Item


class RatedItem(Item):
    """One item that a person rated, as the release knew it."""

    rating: float
    rated_at: datetime


class User(Answer):
    """Somebody whom the live release knows, and what he rated, newest first."""

    model_config = like(
        user_id="42",
        n_rated=1,
        rated=[HEAT | {"rating": 4.0, "rated_at": "2000-04-25T23:05:32Z"}],
    )

    user_id: str
    n_rated: int
    rated: tuple[RatedItem, ...] = ()


class RatingsPage(Answer):
    """What a person rated, newest first: what the release knew, and what came since."""

    model_config = like(
        user_id="42",
        items=[HEAT | {"rating": 4.0, "rated_at": "2000-04-25T23:05:32Z"}],
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


class NewUser(Answer):
    """Somebody who starts: his id, and the token with which he can be forgotten."""

    user_id: str
    token: str = Field(description="256 random bits, shown this once.")


class Erasure(Answer):
    """What is gone of a person: at once here, offline with the next erasure."""

    user_id: str
    n_events: int = Field(description="Events that were deleted, collected or not.")
    requested_at: datetime
