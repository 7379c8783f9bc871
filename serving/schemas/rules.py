"""Slate rules, which change every user's list, and their preview."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from serving.schemas.base import (
    Answer,
    FilterText,
    HistoryReason,
    Id,
    InsteadOf,
    Number,
    RequestBody,
    ShortText,
    with_example,
)

CAP_WINDOW = 10  # neighbouring ranks that caps and diversity compare
MAX_PINS = 20

_RULES: dict[str, JsonValue] = {
    "hide": ["1214"],
    "pin": [{"item_id": "6", "rank": 3}],
    "keep_if": "released >= 1960",
    "boost": [{"category": "Documentary", "by": 0.1}],
    "most_per_category": 5,
    "diversity": 0.2,
}


class Pin(RequestBody):
    """One item at one rank of every list."""

    item_id: Id
    rank: int = Field(ge=1, le=MAX_PINS)


class Boost(RequestBody):
    """A higher or lower score for the items of one category."""

    category: ShortText
    by: Annotated[Number, Field(ge=-1, le=1)] = Field(
        description="Relative to the user's score range (best minus 100th): 0.1 adds a tenth of it."
    )


class SlateRules(RequestBody):
    """The rules of all lists. They rerank each user's 100 best items.

    Searching the catalogue and reading a single item apply no rule.
    """

    model_config = with_example(**_RULES)

    hide: tuple[Id, ...] = Field(
        default=(),
        max_length=1000,
        fail_fast=True,
        description="Items to remove from all lists and shelves.",
    )
    pin: tuple[Pin, ...] = Field(
        default=(),
        max_length=MAX_PINS,
        fail_fast=True,
        description="Items at fixed ranks, except for users who rated or hid them. Pinned items "
        "ignore caps but count towards them for later ranks.",
    )
    boost: tuple[Boost, ...] = Field(default=(), max_length=50, fail_fast=True)
    most_per_category: int | None = Field(
        default=None,
        ge=1,
        le=CAP_WINDOW,
        description=f"Maximum in any {CAP_WINDOW} neighbouring ranks. An item counts for each of "
        "its categories. If no remaining item satisfies the cap, it is relaxed.",
    )
    most_per_vendor: int | None = Field(
        default=None,
        ge=1,
        le=CAP_WINDOW,
        description="As `most_per_category`, for the items of a vendor.",
    )
    only_available: bool = Field(
        default=False, description="Remove items that the product reported as unavailable."
    )
    keep_if: FilterText | None = Field(
        default=None,
        description="A filter. Items that do not meet it are removed from all lists and shelves.",
    )
    diversity: Annotated[Number, Field(ge=0, le=1)] = Field(
        default=0,
        description="Weight in maximal marginal relevance: 0 ranks by score only, 1 by "
        f"dissimilarity to the previous {CAP_WINDOW - 1} items only.",
    )

    @model_validator(mode="after")
    def _must_not_contradict(self) -> Self:
        for name, values in (
            ("pin: a rank", [pin.rank for pin in self.pin]),
            ("pin: an item", [pin.item_id for pin in self.pin]),
            ("boost: a category", [boost.category for boost in self.boost]),
        ):
            if len({*values}) < len(values):
                raise ValueError(f"{name} occurs twice")
        pinned_and_hidden = {pin.item_id for pin in self.pin} & {*self.hide}
        if pinned_and_hidden:
            raise ValueError(f"{min(pinned_and_hidden)} is pinned and hidden")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether the rules change no list."""
        return self == SlateRules()


class RulesVersion(Answer):
    """One version of the rules. The newest is active; version 0 means they were never set."""

    model_config = with_example(
        version=3,
        rules=_RULES,
        actor="ada",
        reason="festival week",
        created_at="2026-11-24T12:00:00Z",
    )

    version: int = Field(ge=0)
    rules: SlateRules
    actor: str | None = None
    reason: str = ""
    created_at: datetime | None = None


class NewRules(RequestBody):
    """A request to replace the active rules."""

    model_config = with_example(rules=_RULES, instead_of=2, reason="festival week")

    rules: SlateRules
    instead_of: InsteadOf
    reason: HistoryReason


class Availability(RequestBody):
    """The availability of some items."""

    model_config = with_example(item_ids=["6"], available=False)

    item_ids: tuple[Id, ...] = Field(min_length=1, max_length=1000, fail_fast=True)
    available: bool = Field(strict=True)


class Changed(Answer):
    """The number of changed items. Unknown items do not count."""

    n_changed: int = Field(ge=0)


class SlateFigures(Answer):
    """Metrics of the first ten items of each list, against the users' later choices."""

    ndcg: float
    recall: float
    coverage: float = Field(description="Share of the live release's items that are listed.")
    gini: float = Field(description="Inequality of exposure: 0 is equal, 1 is a single item.")
    diversity: float = Field(description="1 minus the mean cosine of two items' categories.")


class Exposure(Answer):
    """The share of all ranks that a category or vendor has, before and after."""

    kind: Literal["category", "vendor"]
    name: str
    before: float
    after: float


class RulesPreview(Answer):
    """What rules would change in the window lists, compared with no rules and the active rules.

    The lists are those of the recipe that the last retrain chose, fitted on the data before the
    evaluation window. Availability is current.
    """

    retrain_id: str
    recipe: str
    n_users: int = Field(description="Evaluation users; a sample if there are many.")
    n_allowed: int | None = Field(
        default=None,
        description="Items of the live release that the new rules allow on lists: neither hidden, "
        "nor filtered out by `keep_if`, nor unavailable under `only_available`, nor removed. Null "
        "without a live release.",
    )
    without: SlateFigures = Field(description="Without rules.")
    before: SlateFigures = Field(description="With the active rules.")
    after: SlateFigures = Field(description="With the new rules.")
    ndcg_change: float = Field(description="Mean over users, after minus before.")
    low: float = Field(description="95 % normal interval of the change, paired by user.")
    high: float
    changed_share: float = Field(description="Share of users whose first ten items change.")
    exposure: tuple[Exposure, ...] = Field(description="The largest changes, at most 20.")
