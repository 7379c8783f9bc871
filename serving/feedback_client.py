"""The part of the API's typed client that sends, reads and undoes the events of users."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from serving import schemas
from serving.transport import ClientPart, Method, Parameter, error_of


class FeedbackClient(ClientPart):
    """Client of the routes of events; `serving.client.Client` says what every method raises."""

    def rate(
        self,
        user_id: str,
        item_id: str,
        rating: float,
        *,
        occurred_at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> schemas.Receipt:
        """Write a rating; it is committed when this returns. Retry with the same key.

        Raises:
            OffScaleError: the rating is not on the data set's scale.
            UnknownItemError: the catalogue does not have the item.
            IdempotencyKeyReusedError: the idempotency key belongs to another event.
            UserErasedError: the user was erased.
        """
        time = {"occurred_at": occurred_at.isoformat()} if occurred_at else {}
        body = {"rating": rating, **time}
        return self._write("PUT", idempotency_key, "users", user_id, "ratings", item_id, body=body)

    def unrate(
        self, user_id: str, item_id: str, *, idempotency_key: str | None = None
    ) -> schemas.Receipt:
        """Delete the user's rating of an item, and show the item again if it was hidden."""
        return self._write("DELETE", idempotency_key, "users", user_id, "ratings", item_id)

    def hide(
        self,
        user_id: str,
        item_id: str,
        kind: schemas.HideKind = "hide",
        *,
        idempotency_key: str | None = None,
    ) -> schemas.Receipt:
        """Keep an item off the user's lists until they rate it or the rating is deleted."""
        body = {"kind": kind}
        return self._write("PUT", idempotency_key, "users", user_id, "hidden", item_id, body=body)

    def send_events(self, events: Sequence[schemas.NewEvent]) -> schemas.EventResults:
        """Write up to 1,000 events of any kind; those that are accepted are committed.

        The results are in the order of the events. An event that is refused is no error: its
        result has the `code` and the reason. Retry with the same events if they have an `event_id`.
        """
        sent = [event.model_dump(mode="json", exclude_none=True) for event in events]
        body = {"events": sent}
        return self._request(schemas.EventResults, "events", method="POST", body=body)

    def send_event(self, event: schemas.NewEvent) -> str:
        """Write an event of any kind; return the API's id of it. Retries need its `event_id`.

        Raises:
            ApiError: it is refused, in the class that fits the problem.
        """
        [result] = self.send_events([event]).results
        if result.event_id is None:
            raise error_of(result.code or "", f"{result.detail} {result.next_step}")
        return result.event_id

    def events(
        self, user_id: str, *, kind: Sequence[str] | None = None, limit: int = 100
    ) -> schemas.KindEvents:
        """Return the user's events of these kinds, or of all of the data set, newest first.

        They are those that Postgres still has. Events that were undone are left out.
        """
        params: dict[str, Parameter] = {"kind": kind, "limit": limit}
        return self._request(schemas.KindEvents, "users", user_id, "events", params=params)

    def undo(self, user_id: str, event_id: str) -> schemas.UndoReceipt:
        """Restore what the user's event replaced. Retries are safe.

        Raises:
            UnknownEventError: the user has no such event, or it is an undo.
            FeedbackChangedError: a newer event changed the user's feedback on the item.
            UserErasedError: the user was erased.
        """
        path = ("users", user_id, "events", event_id)
        return self._request(schemas.UndoReceipt, *path, method="DELETE")

    def _write(
        self,
        method: Method,
        idempotency_key: str | None,
        *segments: str,
        body: Mapping[str, object] | None = None,
    ) -> schemas.Receipt:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._request(schemas.Receipt, *segments, method=method, body=body, headers=headers)
