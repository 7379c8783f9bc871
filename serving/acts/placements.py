"""Acts on placements: each is one transaction with its entry in the audit."""

from typing import Any

from serving.acts import audit
from serving.acts.audit import Act, Transaction
from serving.placements import store
from serving.schemas import EarlierPlacement, NewPlacement, PlacementVersion


def replace(transaction: Transaction, name: str, new: NewPlacement) -> PlacementVersion:
    """Create or replace a placement, and return it as the new version.

    Raises:
        PlacementChangedError: the active version is not the one that the caller saw.
        RequestRefusedError: see `store.add`.
    """
    with audit.act(transaction, "change_placement", f"placement {name}", new.reason) as act:
        return _added(act, name, new)


def activate(transaction: Transaction, name: str, earlier: EarlierPlacement) -> PlacementVersion:
    """Activate the shelves of an earlier version: a new version has them.

    Raises:
        UnknownPlacementError: there is no such placement or version.
        PlacementChangedError: the active version is not the one that the caller saw.
        RequestRefusedError: a filter of the version is not valid any more.
    """
    with audit.act(transaction, "change_placement", f"placement {name}", earlier.reason) as act:
        shelves = store.version(act.session.connection(), name, earlier.version).shelves
        new = NewPlacement(shelves=shelves, instead_of=earlier.instead_of, reason=earlier.reason)
        return _added(act, name, new, as_version=earlier.version)


def _added(act: Act, name: str, new: NewPlacement, **also: int) -> PlacementVersion:
    """Add a version; the audit has what was active before it, and what is active now."""
    connection = act.session.connection()
    before = store.locked(connection, name)
    act.before = _state(before) if before else None
    version = store.add(connection, name, before, new, actor=act.actor)
    act.after = _state(version) | also
    return version


def _state(version: PlacementVersion) -> dict[str, Any]:
    return version.model_dump(mode="json", include={"version", "shelves"})
