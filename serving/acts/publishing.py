"""Acts on releases: each is one transaction with its entry in the audit."""

from collections.abc import Iterator
from contextlib import contextmanager

from serving.acts import audit
from serving.acts.audit import Act, Transaction
from serving.errors import NoReleaseError
from serving.publishing import releases
from serving.schemas import Action, LiveState


def activate(
    transaction: Transaction, release_id: int, *, instead_of: int | None, reason: str
) -> LiveState:
    """Make a release live; this ends a pause of publishing.

    Raises:
        ReleaseNotReadyError: it is unknown, was never completely loaded, or is retired.
        LiveReleaseChangedError: another release than `instead_of` is live.
    """
    with _act(transaction, "activate", f"release {release_id}", reason) as act:
        releases.activate(
            act.session, release_id, instead_of=instead_of, actor=act.actor, reason=reason
        )
        return _state_after(act)


def roll_back(transaction: Transaction, *, instead_of: int | None, reason: str) -> LiveState:
    """Make the newest kept release older than the live one live, and pause publishing.

    Raises:
        LiveReleaseChangedError: another release than `instead_of` is live.
        NoEarlierReleaseError: no older release is kept.
    """
    with _act(transaction, "roll_back", f"before release {instead_of}", reason) as act:
        releases.refuse_if_changed(act.session, instead_of)
        release_id = releases.roll_back(act.session, actor=act.actor, reason=reason)
        act.target = f"release {release_id}"
        return _state_after(act)


def pause(transaction: Transaction, *, reason: str) -> LiveState:
    """Pause publishing: the live release stays until it is resumed.

    Raises:
        NoReleaseError: nothing is released yet.
    """
    with _act(transaction, "pause", "publishing", reason) as act:
        live = releases.live_id(act.session)
        if live is None:
            raise NoReleaseError
        releases.pause_publishing(act.session, live, actor=act.actor, reason=reason)
        return _state_after(act)


def resume(transaction: Transaction, *, reason: str) -> LiveState:
    """Let retrains publish again. It is not an error if publishing is not paused."""
    with _act(transaction, "resume", "publishing", reason) as act:
        releases.resume_publishing(act.session, actor=act.actor, reason=reason)
        return _state_after(act)


@contextmanager
def _act(transaction: Transaction, action: Action, target: str, reason: str) -> Iterator[Act]:
    with audit.act(transaction, action, target, reason) as act:
        releases.lock_live_release(act.session)
        act.before = releases.live_state(act.session).model_dump(mode="json")
        yield act


def _state_after(act: Act) -> LiveState:
    state = releases.live_state(act.session)
    act.after = state.model_dump(mode="json")
    return state
