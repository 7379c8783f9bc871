"""The part of the API's client that changes, exports and erases the data of users."""

from collections.abc import Mapping, Sequence

from serving import schemas
from serving.transport import ClientPart, Parameter


class UserDataClient(ClientPart):
    """Requests about the data of users. `serving.client.Client` has them too."""

    def put_attributes(
        self, user_id: str, attributes: Mapping[str, str | None]
    ) -> schemas.UserReceipt:
        """Replace all attributes of a user; the next list uses the new segment.

        Needs a key with the scope `feedback`.

        Raises:
            UnknownAttributeError: the manifest does not declare an attribute of users.
            UserErasedError: the user was erased.
        """
        segments, body = ("users", user_id, "attributes"), {"attributes": {**attributes}}
        return self._request(schemas.UserReceipt, *segments, method="PUT", body=body)

    def change_attributes(self, changes: Sequence[schemas.UserChange]) -> schemas.UserOutcomes:
        """Set the attributes of up to 1,000 users. A refused change does not stop the others."""
        body = {"users": [change.model_dump(mode="json") for change in changes]}
        return self._request(schemas.UserOutcomes, "user-attributes", method="POST", body=body)

    def export(self, user_id: str, *, token: str | None = None) -> schemas.Export:
        """Return all rows about a user in Postgres.

        Needs the user's token, or a key with the scope `operate`.

        Raises:
            UserErasedError: the user was erased.
        """
        headers = {"X-User-Token": token} if token else {}
        return self._request(schemas.Export, "users", user_id, "export", headers=headers)

    def erase(self, user_id: str, *, token: str | None = None) -> schemas.Erasure:
        """Delete the user's data from Postgres at once; the lake follows within a day.

        Needs the user's token, or a key with the scope `operate`.
        """
        headers = {"X-User-Token": token} if token else {}
        return self._request(schemas.Erasure, "users", user_id, method="DELETE", headers=headers)

    def erase_users(self, user_ids: Sequence[str], *, reason: str = "") -> list[schemas.Erasure]:
        """Erase up to 1,000 users. Needs an operator's token.

        The reason is kept in the audit, so it must not name the users.
        """
        body = {"user_ids": [*user_ids], "reason": reason}
        return self._request(list[schemas.Erasure], "erasures", method="POST", body=body)

    def erasures(
        self, *, user_id: str | None = None, limit: int = 100
    ) -> list[schemas.ErasureState]:
        """Return how far erasures have come, newest first. Needs an operator's token.

        With `user_id` only this user's, if there is one.
        """
        params: dict[str, Parameter] = {"user_id": user_id, "limit": limit}
        return self._request(list[schemas.ErasureState], "erasures", params=params)
