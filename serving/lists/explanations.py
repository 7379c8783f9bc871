"""Why an item is on a user's list, or why not: its status, its rank, the terms of its score."""

from sqlalchemy import Connection

from serving.lists import reasons, user_state
from serving.lists.building import ListBuilder
from serving.lists.outcomes import ReRanked, rebuilt
from serving.lists.precomputed import FULL, ListRequest, PrecomputedList, precomputed_list
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import Explanation, ListStatus, ScoreTerm


def explain(connection: Connection, cache: ReleaseCache, user_id: str, item_id: str) -> Explanation:
    """Return why the item is on the user's list, or why not. The terms add up to the score.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    request = ListRequest(limit=FULL)
    precomputed = precomputed_list(connection, cache, user_id, request)
    release, revision = precomputed.live.release, precomputed.live.revision
    state = user_state.read(connection, release.release_id, user_id)
    slate = cache.slate(connection, release, revision)
    builder = ListBuilder(release, slate, state, request)
    status = obstacle(builder, item_id)
    if status is None:
        return _ranked(builder, precomputed, user_id, item_id)
    pair, text = {"user_id": user_id, "item_id": item_id}, _text(builder, item_id, status)
    return Explanation(**pair, release_id=release.release_id, status=status, text=text)


def obstacle(builder: ListBuilder, item_id: str) -> ListStatus | None:
    """Return why the item cannot be listed; None if it can."""
    release, state = builder.release, builder.state
    if item_id not in release.catalogue or item_id in builder.slate.removed:
        return "unknown"
    if item_id in state.hidden:
        return "hidden"
    if state.is_seen(release, item_id):
        return "rated" if state.is_rated(release, item_id) else "acted"
    if item_id in builder.slate.barred:
        return "ruled_out"
    if item_id in release.positions or _is_pinned(builder, item_id):
        return None
    return "cold"


def _ranked(
    builder: ListBuilder, precomputed: PrecomputedList, user_id: str, item_id: str
) -> Explanation:
    outcome = rebuilt(precomputed, builder)
    pool = outcome.pool if isinstance(outcome, ReRanked) else builder.pool()
    ids = [item.item_id for item in builder.listed(pool)]
    is_listed, scored, release = item_id in ids, builder.scored, builder.release
    score_rank, score, terms = None, None, tuple[ScoreTerm, ...]()
    position = release.positions.get(item_id)
    if position is not None:  # the fit has seen the item
        excluded = scored.excluded | release.cached_mask(builder.slate.barred)
        score_rank = scored.rank(position, excluded)
        score = float(scored.scores[position])
        terms = reasons.score_terms(scored, builder.state, position)
    rank = ids.index(item_id) + 1 if is_listed else max(score_rank or 0, len(ids) + 1)
    text = f"#{rank} on your list" if is_listed else f"#{rank} for you, too low for your list"
    if _is_pinned(builder, item_id):
        text += ": featured for everyone"
    elif builder.slate.reorders and score_rank != rank:
        text += f"; by score alone #{score_rank}"
    return Explanation(
        user_id=user_id,
        item_id=item_id,
        release_id=release.release_id,
        status="listed" if is_listed else "below",
        text=text,
        rank=rank,
        score=score,
        terms=terms,
    )


def _text(builder: ListBuilder, item_id: str, status: ListStatus) -> str:
    match status:
        case "hidden":
            return "you hid it"
        case "rated":
            rating = builder.state.rated[item_id][0]
            return f"you rated it {reasons.rating_text(rating, builder.release.highest)}"
        case "acted":
            kind = builder.state.blocking_kind(builder.release, item_id) or ""
            return f"you {reasons.did(builder.release, kind, 'it')}"
        case "ruled_out":
            slate = builder.slate
            is_by_rule = item_id in slate.rules.hide or item_id in slate.kept_out
            return "left out for everyone" if is_by_rule else "not available now"
        case "cold":
            return "it had no ratings or events when the model was trained"
        case _:
            return "not in the catalogue"


def _is_pinned(builder: ListBuilder, item_id: str) -> bool:
    return item_id in (item.item_id for item in builder.pins.values())
