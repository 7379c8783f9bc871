"""The slate rules of a data set: their versions, and the active rules as a slate.

The table `slate` has one row. Its revision grows with each change that affects lists, so readers
compare one number to see whether their copy is current. Writers lock the row; readers never wait.
"""

from collections.abc import Callable

import numpy as np
from sqlalchemy import Connection, text

from serving import catalogue
from serving.catalogue_changes.availability import unavailable_ids
from serving.errors import RulesChangedError
from serving.filters import filtering
from serving.filters.columns import Columns
from serving.rules.slate import Slate
from serving.schemas import NewRules, RulesVersion, SlateRules

_NEWEST = text("select * from rules order by version desc limit :limit")
_ACTIVE = text(
    "select slate.revision, slate.version, rules.rules from slate left join rules using (version)"
)
_REMOVED = text("select item_id from items where removed")
_LOCK = text("select version from slate for update")
_ADD_VERSION = text(
    """
    insert into rules (version, rules, actor, reason)
    values (:version, cast(:rules as jsonb), :actor, :reason) returning *
    """
)
_ACTIVATE = text(
    """
    update slate set revision = revision + 1, version = :version, plain = :plain,
        depends_on_availability = :depends_on_availability
    """
)


def active(connection: Connection) -> RulesVersion:
    """Return the active rules; before the first version, version 0 without rules."""
    return next(iter(history(connection, limit=1)), RulesVersion(version=0, rules=SlateRules()))


def history(connection: Connection, *, limit: int) -> list[RulesVersion]:
    """Return the versions of the rules, newest first."""
    rows = connection.execute(_NEWEST, {"limit": limit}).mappings()
    return [RulesVersion.model_validate(dict(row)) for row in rows]


def replace(connection: Connection, new: NewRules, *, actor: str) -> RulesVersion:
    """Activate rules from the commit on, and return them as the new version.

    Raises:
        RulesChangedError: the active rules are not the version that the caller saw.
        RequestRefusedError: `keep_if` is not a valid filter.
        NoReleaseError: there is a `keep_if`, and the data set has no release yet.
    """
    version = connection.scalar(_LOCK)
    if version != new.instead_of:
        raise RulesChangedError(f"Version {version} of the rules is active, not {new.instead_of}.")
    rules, version = new.rules, version + 1
    depends_on_availability = rules.only_available
    if rules.keep_if is not None:
        kept = filtering.checked(connection, rules.keep_if, "body.rules.keep_if")
        depends_on_availability = depends_on_availability or kept.unavailable is not None
    row = {"version": version, "rules": rules.model_dump_json()}
    row |= {"actor": actor, "reason": new.reason}
    of_slate = {"plain": rules.is_plain, "depends_on_availability": depends_on_availability}
    added = connection.execute(_ADD_VERSION, row).mappings().one()
    connection.execute(_ACTIVATE, {"version": version} | of_slate)
    return RulesVersion.model_validate(dict(added))


def slate(
    connection: Connection, release_id: int | None, read_columns: Callable[[], Columns]
) -> tuple[int, Slate]:
    """Return the current revision and its slate, with the pins that the release has.

    `release_id` None: no release is live. `read_columns` returns the items that `keep_if` is
    evaluated on; it is called if there is a `keep_if`.
    """
    row = connection.execute(_ACTIVE).one()
    if row.rules is None:
        removed = _removed(connection)
        return row.revision, Slate(row.version, barred=removed, removed=removed)
    rules = SlateRules.model_validate(row.rules)
    return row.revision, compiled(connection, rules, release_id, read_columns, version=row.version)


def compiled(
    connection: Connection,
    rules: SlateRules,
    release_id: int | None,
    read_columns: Callable[[], Columns],
    *,
    version: int = 0,
) -> Slate:
    """Return the rules as a slate of the release's items and what is available now.

    Arguments are as of `slate`.
    """
    unavailable = unavailable_ids(connection) if rules.only_available else ()
    removed = _removed(connection)
    kept_out = _kept_out(connection, rules.keep_if, read_columns)
    barred = kept_out.union(rules.hide, unavailable, removed)
    ranks = {pin.item_id: pin.rank for pin in rules.pin if pin.item_id not in barred}
    items = catalogue.read_items(connection, [*ranks], release_id=release_id) if ranks else {}
    pinned = {ranks[item_id]: item for item_id, item in items.items()}
    return Slate(version, rules, barred, kept_out, removed, pinned)


def _kept_out(
    connection: Connection, keep_if: str | None, read_columns: Callable[[], Columns]
) -> frozenset[str]:
    if keep_if is None:
        return frozenset()
    columns = read_columns()
    kept = filtering.bind(connection, keep_if, is_tolerant=True).evaluate(columns)
    return frozenset(columns.items[row].item_id for row in np.flatnonzero(~kept).tolist())


def _removed(connection: Connection) -> frozenset[str]:
    return frozenset(connection.scalars(_REMOVED))
