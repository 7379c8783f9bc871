"""What the API answers and its client reads: frozen values, JSON by pydantic."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ListKind = Literal["live", "batch", "fallback"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Item(_Answer):
    """One item of the catalogue, as the product shows it."""

    item_id: str
    title: str
    categories: tuple[str, ...] = ()
    vendor: str | None = None
    released: int | None = Field(default=None, description="Year of release, where it is known.")


class ListedItem(Item):
    """One item of a list. `score` orders items within one list; it is no probability."""

    rank: int = Field(ge=1)
    score: float


class RatedItem(Item):
    """One item that a person rated, as the release knew it."""

    rating: float
    rated_at: datetime


class Recommendations(_Answer):
    """A person's list, best first, and what kind of list it is."""

    user_id: str
    kind: ListKind
    release_id: int
    recipe: str = Field(description="Short stable name of the recipe that made the list.")
    made_at: datetime = Field(description="When the release went live, UTC.")
    items: tuple[ListedItem, ...]


class SimilarItems(_Answer):
    """Items like one item, most alike first. `score` is a cosine, -1 to 1."""

    item_id: str
    release_id: int
    items: tuple[ListedItem, ...]


class ItemPage(_Answer):
    """One page of the catalogue. `total` counts all that match, not only this page."""

    items: tuple[Item, ...]
    total: int
    limit: int
    offset: int


class Person(_Answer):
    """Somebody whom the live release knows, and what he rated, newest first."""

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


class Health(_Answer):
    """Whether the process answers."""

    status: Literal["ok"] = "ok"


class Problem(_Answer):
    """An error as RFC 9457 has it (`application/problem+json`), with what to do next."""

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
