"""Slate rules and availability, set with the engine of the role `api`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine

from serving.catalogue_changes import availability
from serving.filters.columns import Columns
from serving.items import CatalogueItem
from serving.rules import store
from serving.rules.slate import Slate
from serving.schemas import NewRules, RulesVersion, SlateRules


def activate_rules(
    api: Engine, actor: str = "ada", reason: str = "a test", **rules: Any
) -> RulesVersion:
    """Replace the active rules by these, whatever version is active."""
    with api.begin() as connection:
        version = store.active(connection).version
        validated = SlateRules.model_validate(rules)
        new = NewRules(rules=validated, instead_of=version, reason=reason)
        return store.replace(connection, new, actor=actor)


def out_of_stock(api: Engine, *item_ids: str) -> int:
    """Mark items as unavailable; return how many changed."""
    with api.begin() as connection:
        return availability.set_availability(connection, item_ids, available=False)


def in_stock(api: Engine, *item_ids: str) -> int:
    """Mark items as available; return how many changed."""
    with api.begin() as connection:
        return availability.set_availability(connection, item_ids, available=True)


def slate(
    connection: Connection, items: Sequence[CatalogueItem] = (), release_id: int | None = None
) -> tuple[int, Slate]:
    """Return the current revision and its slate; a filter of the rules judges these items."""
    return store.slate(connection, release_id, lambda: Columns(items, {}))


def revision(api: Engine) -> int:
    """Return the current revision of the slate."""
    with api.connect() as connection:
        return slate(connection)[0]
