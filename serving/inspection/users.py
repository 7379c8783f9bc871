"""One user as an operator inspects them, and the search for users by id."""

from sqlalchemy import Connection, text

from serving.errors import UserErasedError
from serving.inspection import events, item_status, lists, rule_effects
from serving.inspection.lists import Ranks, UserLists
from serving.inspection.releases import inspected
from serving.items import CatalogueItem, ListedItem
from serving.lists import reasons
from serving.lists.releases.cache import ReleaseCache
from serving.rules import store
from serving.schemas import ComparedItem, InspectedItem, User, UserInspection, UserStatus
from serving.users import accounts, erasures
from serving.users.erasures import digest_of

MAX_TERMS = 8
LAST = "\U0010ffff"  # the last character

_PROFILE = text(
    """
    select profiles.segment, coalesce(cardinality(profiles.item_ids), 0) as n_rated,
        (select count(*) from outbox where user_id = :user_id) as n_sent,
        (select created_at from user_tokens where user_id = :user_id) as registered_at,
        exists (select from feedback where user_id = :user_id) as has_feedback,
        exists (select from user_attributes where user_id = :user_id) as has_attributes
    from (select) as single_row
    left join profiles
        on profiles.release_id = :release_id and profiles.user_id = :user_id
    """
)
# Each part reads a range of an index, in the order of the ids. The range needs a collation by
# bytes; in another one, ids with other letters in between may be missing.
_BY_PREFIX = text(
    f"""
    with matching as (
        (
            select user_id from profiles
            where release_id = (select release_id from live_release)
                and user_id >= :prefix and user_id < :until
            order by user_id limit :limit
        ) union (
            select distinct user_id from feedback
            where user_id >= :prefix and user_id < :until order by user_id limit :limit
        ) union (
            select user_id from user_tokens
            where user_id >= :prefix and user_id < :until order by user_id limit :limit
        ) union (
            select user_id from user_attributes
            where user_id >= :prefix and user_id < :until order by user_id limit :limit
        )
    )
    select matching.user_id, coalesce(cardinality(profiles.item_ids), 0) as n_rated
    from matching left join profiles on profiles.user_id = matching.user_id
        and profiles.release_id = (select release_id from live_release)
    where starts_with(matching.user_id, :prefix)
        and {digest_of("matching.user_id")} not in (select digest from erasures)
    order by matching.user_id limit :limit
    """  # noqa: S608 # our own expression
)


def inspect(
    connection: Connection, cache: ReleaseCache, user_id: str, *, limit: int
) -> UserInspection:
    """Return all that explains a user's list; of an erased user only the erasure.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    erasure = erasures.find(connection, user_id)
    if erasure is not None:
        return UserInspection(user_id=user_id, status="erased", erasure=erasure, limit=limit)
    of_user = lists.read(connection, cache, user_id)
    release_id = of_user.builder.release.release_id
    values = {"user_id": user_id, "release_id": release_id}
    profile = connection.execute(_PROFILE, values).one()
    has_traces = (
        profile.n_sent or profile.registered_at or profile.has_feedback or profile.has_attributes
    )
    status: UserStatus = "new" if has_traces else "unknown"
    return UserInspection(
        user_id=user_id,
        status="known" if profile.segment is not None else status,
        segment=of_user.builder.state.segment_in(of_user.builder.release),
        n_rated=profile.n_rated,
        n_sent=profile.n_sent,
        registered_at=profile.registered_at,
        release=inspected(connection, release_id, of_user.precomputed.live.live_since),
        rules=store.active(connection),
        kind=of_user.kind,
        n_new_ratings=of_user.builder.state.n_new_ratings,
        limit=limit,
        items=tuple(_item(of_user, item) for item in of_user.served[:limit]),
        precomputed=_compared(of_user, _precomputed(of_user)[:limit], limit),
        without_rules=_compared(of_user, _without_rules(of_user)[:limit], limit),
        events=tuple(events.newest(connection, release_id, user_id)),
    )


def refuse_erased(connection: Connection, user_id: str) -> None:
    """Check that a user was not erased.

    Raises:
        UserErasedError: they were.
    """
    if accounts.is_erased(connection, user_id):
        raise UserErasedError(f"The user {user_id!r} was erased.")


def find(connection: Connection, prefix: str, *, limit: int) -> list[User]:
    """Return users whose ids begin with a text, in the order of the ids; erased ones are left out.

    They are users of the live release and users of the API, without their ratings.
    """
    values = {"prefix": prefix, "until": prefix + LAST, "limit": limit}
    rows = connection.execute(_BY_PREFIX, values).mappings()
    return [User.model_validate(dict(row)) for row in rows]


def _item(of_user: UserLists, listed: ListedItem) -> InspectedItem:
    builder = of_user.builder
    item = builder.release.catalogue[listed.item_id]
    strongest = reasons.strongest_terms(builder.scored, builder.state, listed.item_id, MAX_TERMS)
    return InspectedItem(
        item_id=listed.item_id,
        title=listed.title,
        categories=listed.categories,
        vendor=listed.vendor,
        released=listed.released,
        rank=listed.rank,
        score=listed.score,
        reason=listed.reason,
        rank_before_rules=item_status.rank_before_rules(of_user, listed.item_id),
        effects=rule_effects.on_rank(of_user, item),
        terms=strongest.terms,
        n_other_terms=strongest.n_others,
        other_terms=strongest.others,
    )


def _precomputed(of_user: UserLists) -> list[tuple[CatalogueItem, float]]:
    catalogue, precomputed = of_user.builder.release.catalogue, of_user.precomputed
    pairs = zip(precomputed.item_ids, precomputed.scores, strict=True)
    return [(catalogue[item_id], score) for item_id, score in pairs]


def _without_rules(of_user: UserLists) -> list[tuple[CatalogueItem, float]]:
    if of_user.builder.slate.rules.is_plain:
        return []
    return [(scored.item, scored.score) for scored in of_user.without_rules]


def _compared(
    of_user: UserLists, listed: list[tuple[CatalogueItem, float]], limit: int
) -> tuple[ComparedItem, ...]:
    ranks: Ranks = of_user.ranks
    return tuple(
        ComparedItem(
            item_id=item.item_id,
            title=item.title,
            categories=item.categories,
            vendor=item.vendor,
            released=item.released,
            rank=rank,
            score=score,
            rank_now=ranks.get(item.item_id),
            status=(described := item_status.of_item(of_user, item.item_id, limit)).status,
            text=described.text,
        )
        for rank, (item, score) in enumerate(listed, 1)
    )
