"""What slate rules did to an item: its rank with all rules, compared with that without each one."""

from math import fsum

from serving.inspection.lists import UserLists
from serving.items import CatalogueItem
from serving.rules.slate import Slate
from serving.schemas import RuleEffect, RuleKind
from serving.schemas.rules import CAP_WINDOW

UNAVAILABLE = "unavailable, and a rule lists available items only"


def on_rank(lists: UserLists, item: CatalogueItem) -> tuple[RuleEffect, ...]:
    """Return which rules apply to the item or moved it on a user's list.

    An item may be moved only because rules moved others: then the effect is `others`.
    """
    slate, rank = lists.builder.slate, lists.ranks.get(item.item_id)
    texts: dict[RuleKind, str] = {}
    is_pinned = item.item_id in {pin.item_id for pin in lists.builder.pins.values()}
    if is_pinned:
        texts["pin"] = _pinned(slate, item.item_id)
    elif boost := _boost(slate, item):
        texts["boost"] = boost
    texts |= {} if is_pinned else _order(lists, item, rank)
    effects = [
        RuleEffect(rule=rule, text=text, rank_without=lists.ranks_without[rule].get(item.item_id))
        for rule, text in texts.items()
    ]
    before = lists.ranks_before_rules.get(item.item_id)
    if not effects and rank != before:
        text = "other items were moved or left out by rules"
        effects.append(RuleEffect(rule="others", text=text, rank_without=before))
    return tuple(effects)


def naming(slate: Slate, item: CatalogueItem, *, is_unavailable: bool) -> tuple[RuleEffect, ...]:
    """Return the rules that name the item or one of its categories, for all users."""
    effects = []
    if item.item_id in slate.rules.hide:
        effects.append(RuleEffect(rule="hide", text="hidden by a rule"))
    if item.item_id in slate.kept_out:
        effects.append(RuleEffect(rule="keep_if", text=kept_out(slate)))
    if is_unavailable and slate.rules.only_available:
        effects.append(RuleEffect(rule="only_available", text=UNAVAILABLE))
    if item.item_id in {pin.item_id for pin in slate.pinned.values()}:
        effects.append(RuleEffect(rule="pin", text=_pinned(slate, item.item_id)))
    elif boost := _boost(slate, item):
        effects.append(RuleEffect(rule="boost", text=boost))
    return tuple(effects)


def kept_out(slate: Slate) -> str:
    """Return the sentence about an item that does not meet the rule `keep_if`."""
    return f"does not meet the rule “{slate.rules.keep_if}”"


def cap_text(lists: UserLists, item_id: str, limit: int) -> str | None:
    """Return which cap keeps the item off the first `limit` ranks; None if no cap does."""
    rules = lists.builder.slate.rules
    rank = lists.ranks.get(item_id)
    caps: tuple[tuple[RuleKind, str, int | None], ...] = (
        ("most_per_category", "category", rules.most_per_category),
        ("most_per_vendor", "vendor", rules.most_per_vendor),
    )
    for kind, noun, most in caps:
        without = lists.ranks_without.get(kind, {}).get(item_id)
        is_capped = rank is None or rank > limit
        if without is not None and without <= limit and is_capped:
            return f"{_cap(noun, most)}: without this rule it would be #{without}"
    return None


def _order(lists: UserLists, item: CatalogueItem, rank: int | None) -> dict[RuleKind, str]:
    """Return the caps that delayed the item, and the diversity if it moved the item."""
    rules, texts = lists.builder.slate.rules, dict[RuleKind, str]()
    caps: tuple[tuple[RuleKind, str, int | None, bool], ...] = (
        ("most_per_category", "category", rules.most_per_category, bool(item.categories)),
        ("most_per_vendor", "vendor", rules.most_per_vendor, item.vendor is not None),
    )
    for kind, noun, most, has_name in caps:
        without = lists.ranks_without.get(kind, {}).get(item.item_id)
        if has_name and without is not None and (rank is None or rank > without):
            texts[kind] = _cap(noun, most)
    if rules.diversity and lists.ranks_without["diversity"].get(item.item_id) != rank:
        texts["diversity"] = f"diversity {rules.diversity:.2f}"
    return texts


def _pinned(slate: Slate, item_id: str) -> str:
    rank = next(rank for rank, pin in slate.pinned.items() if pin.item_id == item_id)
    return f"pinned at rank {rank}"


def _boost(slate: Slate, item: CatalogueItem) -> str:
    """Return the boosts of the item's categories; empty if their sum is 0."""
    boosts = [boost for boost in slate.rules.boost if boost.category in item.categories]
    total = fsum(boost.by for boost in boosts)
    return f"boost {total:+.2f} {', '.join(boost.category for boost in boosts)}" if total else ""


def _cap(noun: str, most: int | None) -> str:
    return f"at most {most} per {noun} in any {CAP_WINDOW} ranks"
