"""The part of an operator's client that looks at one user or one item."""

from serving import schemas
from serving.transport import ClientPart, Parameter


class InspectionClient(ClientPart):
    """Requests of operators and viewers. `serving.operator_client.OperatorClient` has them too."""

    def find_users(self, prefix: str = "", *, limit: int = 20) -> list[schemas.User]:
        """Return users whose ids begin with a text, in the order of the ids. Operators only."""
        params: dict[str, Parameter] = {"prefix": prefix, "limit": limit}
        return self._request(list[schemas.User], "inspection", "users", params=params)

    def inspect_user(self, user_id: str, *, limit: int = 20) -> schemas.UserInspection:
        """Return what explains a user's list. It has an entry in the audit."""
        path, params = ("inspection", "users", user_id), {"limit": limit}
        return self._request(schemas.UserInspection, *path, params=params)

    def inspect_item_for_user(
        self, user_id: str, item_id: str, *, limit: int = 20
    ) -> schemas.ItemForUser:
        """Return why an item is or is not among a user's first `limit` items. It is audited.

        Raises:
            UserErasedError: the user was erased.
        """
        path = ("inspection", "users", user_id, "items", item_id)
        return self._request(schemas.ItemForUser, *path, params={"limit": limit})

    def inspect_item(self, item_id: str) -> schemas.ItemInspection:
        """Return who gets an item, or why no user does.

        Raises:
            UnknownItemError: the catalogue never had the item.
        """
        return self._request(schemas.ItemInspection, "inspection", "items", item_id)

    def record_view(self, user_id: str) -> schemas.ViewRecord:
        """Record in the audit that the operator sees the product as a user."""
        path = ("inspection", "users", user_id, "views")
        return self._request(schemas.ViewRecord, *path, method="POST")
