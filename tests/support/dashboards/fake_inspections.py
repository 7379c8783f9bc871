"""Inspections of users and items as the API answers them, from the invented shop."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from serving.schemas import (
    Cause,
    ComparedItem,
    ErasureState,
    InspectedItem,
    InspectedRelease,
    Item,
    ItemForUser,
    ItemInspection,
    ListedFor,
    RankBand,
    Reason,
    RuleEffect,
    RulesVersion,
    ScoreTerm,
    Share,
    User,
    UserEvent,
    UserInspection,
    ViewRecord,
)
from tests.support.dashboards import fake_rules, shop

Problem = tuple[int, str]
LIKED = shop.ITEMS[10]
HOSTILE = shop.ITEMS[6]  # its title has Markdown and HTML
PINNED = RuleEffect(rule="pin", text="pinned at rank 2", rank_without=5)
BOOSTED = RuleEffect(rule="boost", text="boost +0.10 Drama", rank_without=4)
TERMS = (
    ScoreTerm(kind="rating", value=0.61, item_id=LIKED.item_id, title=LIKED.title, rating=5),
    ScoreTerm(kind="popularity", value=0.2, title="popularity"),
    ScoreTerm(kind="rating", value=-0.1, item_id=HOSTILE.item_id, title=HOSTILE.title, rating=1),
)


@dataclass
class FakeInspections:
    """Inspections, and who was looked at. `refusal` is the status and code of every answer."""

    refusal: Problem | None = None
    looked: list[tuple[str, str]] = field(default_factory=list)  # way and user
    erased: set[str] = field(default_factory=set)
    causes: tuple[Cause, ...] = ()

    def found(self, params: dict[str, str]) -> list[User]:
        """Return users whose ids begin with a text."""
        prefix, limit = params.get("prefix", ""), int(params.get("limit", 20))
        return [user for user in shop.users() if user.user_id.startswith(prefix)][:limit]

    def view(self, user_id: str) -> ViewRecord:
        """Record that an operator acts as a user."""
        self.looked.append(("view as", user_id))
        return ViewRecord(is_new=True)

    def user(self, user_id: str, limit: int) -> UserInspection:
        """Return a user with a list of three items; erased or unknown ones too."""
        self.looked.append(("inspector", user_id))
        if user_id in self.erased:
            erasure = ErasureState(digest="9f86", requested_at=shop.NOW, requested_by="ada")
            return UserInspection(user_id=user_id, status="erased", erasure=erasure, limit=limit)
        known = shop.user(user_id)
        items = listed()
        origin: dict[str, Any] = {"release": release(), "rules": rules()}
        if known is None:
            return UserInspection(
                user_id=user_id, status="unknown", kind="fallback", limit=limit, **origin
            )
        return UserInspection(
            user_id=user_id,
            status="known",
            segment="age=25",
            n_rated=known.n_rated,
            n_sent=1,
            kind="live",
            n_new_ratings=1,
            limit=limit,
            items=items,
            precomputed=(
                compared(items[0], 1, 1, "listed", "#1 on their list"),
                compared(HOSTILE, 2, None, "rated", "they rated it 1 star on 2026-01-05"),
            ),
            without_rules=(
                compared(items[0], 1, 1, "listed", "#1 on their list"),
                compared(shop.ITEMS[20], 2, None, "ruled_out", "hidden by a rule, for all users"),
            ),
            events=events(),
            **origin,
        )

    def item_for_user(self, user_id: str, item_id: str, limit: int) -> ItemForUser | Problem:
        """Return that the item is capped for the user."""
        self.looked.append(("inspector", user_id))
        if user_id in self.erased:
            return 410, "user-erased"
        return ItemForUser(
            user_id=user_id,
            item_id=item_id,
            item=shop.item(item_id),
            release_id=12,
            rules_version=2,
            limit=limit,
            status="capped",
            text="at most 2 per category in any 10 ranks: without this rule it would be #3",
            rank=24,
            rank_by_score=4,
            rank_before_rules=3,
            score=0.71,
            effects=(RuleEffect(rule="most_per_category", text="at most 2", rank_without=3),),
            terms=TERMS,
        )

    def item(self, item_id: str) -> ItemInspection | Problem:
        """Return an item that every third user gets."""
        item = shop.item(item_id)
        if item is None:
            return 404, "unknown-item"
        return ItemInspection(
            item=item,
            release=release(),
            rules=rules(),
            popularity=120.0,
            popularity_rank=7,
            n_ranked=80,
            raters=Share(n=140, n_examined=6040, n_total=6040),
            lists=Share(n=0 if self.causes else 2013, n_examined=6040, n_total=6040),
            ranks=()
            if self.causes
            else (RankBand(first=1, last=10, n=413), RankBand(first=11, last=20, n=1600)),
            best_rank=None if self.causes else 1,
            median_rank=None if self.causes else 14,
            best_ranked=() if self.causes else (ListedFor(user_id="0042", rank=1),),
            effects=(BOOSTED,),
            causes=self.causes,
        )


def release() -> InspectedRelease:
    live = shop.releases()[0]
    return InspectedRelease(
        release_id=live.release_id,
        recipe=live.recipe,
        retrain_id=live.retrain_id,
        verdict=live.verdict,
        ready_at=live.ready_at,
        live_since=live.live_since or live.ready_at,
    )


def rules() -> RulesVersion:
    return fake_rules.versions()[0]


def listed() -> tuple[InspectedItem, ...]:
    """Return a list: the second item is pinned, the third is boosted."""
    moved = ((1, 1, ()), (2, 5, (PINNED,)), (3, 4, (BOOSTED,)))
    reason = Reason(
        kind="because_you_rated", text=f"because you rated {LIKED.title} 5 stars", item_id="i010"
    )
    return tuple(
        InspectedItem(
            **shop.ITEMS[rank - 1].model_dump(),
            rank=rank,
            score=0.9 - rank / 10,
            reason=reason,
            rank_before_rules=before,
            effects=effects,
            terms=TERMS,
            n_other_terms=4,
            other_terms=0.05,
        )
        for rank, before, effects in moved
    )


def compared(item: Item, rank: int, rank_now: int | None, status: Any, text: str) -> ComparedItem:
    fields = item.model_dump(include=set(Item.model_fields))
    return ComparedItem(**fields, rank=rank, score=0.9, rank_now=rank_now, status=status, text=text)


def events() -> tuple[UserEvent, ...]:
    """Return a pending rating of the API, and one of a file."""
    return (
        UserEvent(
            event_id="f" * 32,
            kind="rate",
            item_id=HOSTILE.item_id,
            title=HOSTILE.title,
            value=1,
            occurred_at=shop.NOW - timedelta(minutes=3),
            origin="api",
            sent_by="shop",
            state="pending",
        ),
        UserEvent(
            event_id=None,
            kind="rate",
            item_id=LIKED.item_id,
            title=LIKED.title,
            value=5,
            occurred_at=shop.NOW - timedelta(days=300),
            origin="file",
            state="in_release",
        ),
    )
