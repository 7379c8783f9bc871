"""Where an item is for a user: on their list, or why it is not."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from serving.inspection import rule_effects
from serving.inspection.lists import UserLists
from serving.items import CatalogueItem
from serving.lists import explanations, reasons
from serving.schemas import Item, ItemForUser, ItemStatus, ListStatus, RuleEffect, ScoreTerm

_TEXTS: dict[ListStatus, str] = {
    "hidden": "they hid it",
    "ruled_out": "hidden by a rule, for all users",
    "cold": "no ratings or events when the model was trained",
    "unknown": "not in the catalogue",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The first release that lacks the item, if it is withdrawn from this one.
ITEM = text(
    """
    select item_id, title, categories, vendor, released, (
        select lower(without) from unnest(withdrawn) as without
        where without @> cast(:release_id as bigint)
    ) as withdrawn_from
    from items where item_id = :item_id
    """
)


@dataclass(frozen=True, slots=True)
class DescribedStatus:
    """Where an item is for a user, and the sentence about it."""

    status: ItemStatus
    text: str


def of_item(lists: UserLists, item_id: str, limit: int) -> DescribedStatus:
    """Return where an item is for the user, by their first `limit` items."""
    builder = lists.builder
    status = explanations.obstacle(builder, item_id)
    if status is None:
        return _ranked(lists, item_id, limit)
    if status == "rated":
        rating, micros = builder.state.rated[item_id]
        day = f"{_EPOCH + timedelta(microseconds=micros):%Y-%m-%d}"
        rated = reasons.rating_text(rating, builder.release.highest)
        return DescribedStatus(status, f"they rated it {rated} on {day}")
    if status == "acted":
        kind = builder.state.blocking_kind(builder.release, item_id) or ""
        return DescribedStatus(status, f"they {reasons.did(builder.release, kind, 'it')}")
    if status == "ruled_out" and item_id not in builder.slate.rules.hide:
        is_kept_out = item_id in builder.slate.kept_out
        text = rule_effects.kept_out(builder.slate) if is_kept_out else rule_effects.UNAVAILABLE
        return DescribedStatus(status, text)
    return DescribedStatus(status, _TEXTS[status])


def for_user(
    connection: Connection, lists: UserLists, user_id: str, item_id: str, limit: int
) -> ItemForUser:
    """Return where any item is for the user, with the terms of its score."""
    builder = lists.builder
    release, slate, scored = builder.release, builder.slate, builder.scored
    values = {"item_id": item_id, "release_id": release.release_id}
    row = connection.execute(ITEM, values).one_or_none()
    described = of_item(lists, item_id, limit)
    if row is not None and row.withdrawn_from is not None:
        described = DescribedStatus("withdrawn", withdrawn_text(row.withdrawn_from))
    score, rank_by_score, terms = None, None, tuple[ScoreTerm, ...]()
    position = release.positions.get(item_id)
    if position is not None:
        excluded = scored.excluded | release.cached_mask(slate.barred)
        rank_by_score = scored.rank(position, excluded)
        score = float(scored.scores[position])
        terms = reasons.score_terms(scored, builder.state, position)
    rank = lists.ranks.get(item_id)
    if rank is None and rank_by_score is not None:
        is_after = described.status in {"below", "capped"}
        rank = max(rank_by_score, len(lists.ranks) + 1) if is_after else rank_by_score
    item = release.catalogue.get(item_id)
    return ItemForUser(
        user_id=user_id,
        item_id=item_id,
        item=None if row is None else item_of(row),
        release_id=release.release_id,
        rules_version=slate.version,
        limit=limit,
        status=described.status,
        text=described.text,
        rank=rank,
        rank_by_score=rank_by_score,
        rank_before_rules=rank_before_rules(lists, item_id),
        score=score,
        effects=() if item is None else _effects(lists, item),
        terms=terms,
    )


def rank_before_rules(lists: UserLists, item_id: str) -> int | None:
    """Return an item's rank without slate rules; None if the model does not rank it."""
    rank = lists.ranks_before_rules.get(item_id)
    position = lists.builder.release.positions.get(item_id)
    if rank is not None or position is None:
        return rank
    scored = lists.builder.scored
    return max(scored.rank(position, scored.excluded), len(lists.ranks_before_rules) + 1)


def withdrawn_text(release_id: int) -> str:
    """Return the sentence about an item that releases from this one on do not have."""
    return f"withdrawn from release {release_id} on: the data no longer has it"


def item_of(row: Row[Any]) -> Item:
    """Return the item of a row of `ITEM`."""
    return Item.model_validate(row, from_attributes=True)


def _ranked(lists: UserLists, item_id: str, limit: int) -> DescribedStatus:
    rank = lists.ranks.get(item_id)
    if rank is not None and rank <= limit:
        return DescribedStatus("listed", f"#{rank} on their list")
    if cap := rule_effects.cap_text(lists, item_id, limit):
        return DescribedStatus("capped", cap)
    if rank is not None:
        return DescribedStatus("below", f"#{rank}, after the first {limit}")
    return DescribedStatus("below", f"after the first {len(lists.ranks)}")


def _effects(lists: UserLists, item: CatalogueItem) -> tuple[RuleEffect, ...]:
    on_list = item.item_id in lists.ranks or item.item_id in lists.ranks_before_rules
    return rule_effects.on_rank(lists, item) if on_list else ()
