"""The routes of slate rules, for operators, and of availability, for products."""

from typing import Annotated

from fastapi import Query, Response

from serving import schemas
from serving.acts import access
from serving.api import problems
from serving.api.authentication import Maintainer
from serving.api.operators import Operator, one_at_a_time
from serving.api.routes.parameters import as_json
from serving.api.routes.routers import CHANGE, router
from serving.catalogue_changes import availability
from serving.rules import preview, store

operate = router(CHANGE)


@operate.get(
    "/rules", response_model=schemas.RulesVersion, tags=["rules"], summary="Get the active rules"
)
def active_rules(caller: Operator) -> Response:
    """Version 0 has no rules: none were ever set."""
    with caller.connection() as connection:
        return as_json(store.active(connection))


@operate.get(
    "/rules/history",
    response_model=list[schemas.RulesVersion],
    tags=["rules"],
    summary="List all versions of the rules",
)
def rules_history(caller: Operator, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
    """Newest first, each with operator and reason. To restore a version, set its rules again."""
    with caller.connection() as connection:
        return as_json(store.history(connection, limit=limit))


@operate.put(
    "/rules",
    response_model=schemas.RulesVersion,
    responses=problems.documented(409),
    tags=["rules"],
    summary="Replace the rules",
)
def replace_rules(caller: Operator, body: schemas.NewRules) -> Response:
    """The new rules apply to every list from the next request on. Preview them first."""
    return as_json(access.replace_rules(caller.transaction, body))


@operate.post(
    "/rules/preview", response_model=schemas.RulesPreview, tags=["rules"], summary="Preview rules"
)
@one_at_a_time
def preview_rules(caller: Operator, body: schemas.SlateRules) -> Response:
    """Applies the rules to lists of the last retrain's evaluation window. Nothing is written."""
    with caller.connection() as connection:
        return as_json(preview.preview(connection, body, caller.release_cache))


@operate.put(
    "/availability",
    response_model=schemas.Changed,
    tags=["catalogue"],
    summary="Set which items are available",
)
def set_availability(caller: Maintainer, body: schemas.Availability) -> Response:
    """Needs the scope `operate`. Lists omit unavailable items under the rule `only_available`."""
    with caller.transaction() as authorized:
        n_changed = availability.set_availability(
            authorized.connection, body.item_ids, available=body.available
        )
    return as_json(schemas.Changed(n_changed=n_changed))
