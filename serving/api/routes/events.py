"""The route that takes batches of events: one transaction, committed before the answer."""

from collections import Counter

from fastapi import Response

from serving import schemas
from serving.api.authentication import Sender, as_events
from serving.api.routes.feedback import DailyQuotas
from serving.api.routes.parameters import as_json
from serving.api.routes.routers import CHANGE, router
from serving.schemas import EventStatus
from serving.users.batches.rows import BUILT_IN
from serving.users.batches.writing import Budget, accept

batches = router(CHANGE, in_batches=True)


@batches.post(
    "/events",
    response_model=schemas.EventResults,
    tags=["feedback"],
    summary="Send events of any kind",
)
@as_events
def send_events(quotas: DailyQuotas, caller: Sender, body: schemas.NewEvents) -> Response:
    """Writes up to 1,000 events. Each is accepted or refused on its own: see `results`.

    All that are accepted are committed when the API answers. Send them again with the same
    `event_id` after a time-out or an error: each is written once.
    """
    with caller.transaction() as authorized:
        about = caller.datasets.about(authorized.connection, caller.dataset)
        budget = Budget(quotas, caller.dataset, authorized.name)
        results = accept(authorized.connection, body.events, about, budget)
    n = Counter(result.status for result in results)
    counts = Counter[tuple[str, EventStatus]]()
    for event, result in zip(body.events, results, strict=True):
        if isinstance(event, schemas.InvalidEvent):
            counts["unknown", result.status] += 1
            continue
        if result.status == "accepted":
            budget.count(event.user_id)
        is_known = event.kind in BUILT_IN or event.kind in about.kinds
        counts[event.kind if is_known else "unknown", result.status] += 1
    caller.metrics.count_events(caller.dataset, counts)
    return as_json(
        schemas.EventResults(
            n_accepted=n["accepted"],
            n_repeated=n["repeated"],
            n_refused=n["refused"],
            results=tuple(results),
        )
    )
