"""The part of the API's typed client about placements."""

from collections.abc import Sequence

from serving import schemas
from serving.transport import ClientPart, Parameter


class PlacementClient(ClientPart):
    """Client of the routes of placements. All but `placement` need an operator's token."""

    def placement(
        self,
        name: str,
        *,
        user_id: str | None = None,
        item_ids: Sequence[str] = (),
        where: str | None = None,
        explain: bool = False,
    ) -> schemas.Placement:
        """Return the shelves of a placement; no item is on two of them.

        `item_ids` are those of the page or of the basket. `where` is a filter of all shelves.
        `explain` adds a reason to each item of the user's list.

        Raises:
            UnknownPlacementError: there is no such placement.
        """
        params: dict[str, Parameter] = {"user_id": user_id, "item_id": [*item_ids]}
        params |= {"filter": where, "explain": explain}
        return self._request(schemas.Placement, "placements", name, params=params)

    def placements(self) -> list[schemas.PlacementVersion]:
        """Return the active version of every placement, by name."""
        return self._request(list[schemas.PlacementVersion], "placements")

    def placement_history(self, name: str, *, limit: int = 20) -> list[schemas.PlacementVersion]:
        """Return the versions of a placement, newest first.

        Raises:
            UnknownPlacementError: there is no such placement.
        """
        segments = ("placements", name, "history")
        return self._request(list[schemas.PlacementVersion], *segments, params={"limit": limit})

    def preview_placement(
        self,
        shelves: Sequence[schemas.PlacementShelf],
        *,
        user_id: str | None = None,
        item_ids: Sequence[str] = (),
    ) -> schemas.PlacementPreview:
        """Return what a user would see, with the shelves that would be left out.

        Raises:
            UserErasedError: the user was erased.
        """
        body = {"shelves": _sent(shelves), "user_id": user_id, "item_ids": [*item_ids]}
        segments = ("placements", "preview")
        return self._request(schemas.PlacementPreview, *segments, method="POST", body=body)

    def replace_placement(
        self,
        name: str,
        shelves: Sequence[schemas.PlacementShelf],
        *,
        instead_of: int,
        reason: str,
    ) -> schemas.PlacementVersion:
        """Create or replace a placement and return the new version.

        `instead_of` is the version that the caller read, 0 for a new placement.

        Raises:
            PlacementChangedError: another version is active.
        """
        body = {"shelves": _sent(shelves), "instead_of": instead_of, "reason": reason}
        segments = ("placements", name)
        return self._request(schemas.PlacementVersion, *segments, method="PUT", body=body)

    def activate_placement(
        self, name: str, version: int, *, instead_of: int, reason: str
    ) -> schemas.PlacementVersion:
        """Activate an earlier version's shelves and return the new version that has them.

        Raises:
            UnknownPlacementError: there is no such placement or version.
            PlacementChangedError: another version than `instead_of` is active.
        """
        body = {"version": version, "instead_of": instead_of, "reason": reason}
        segments = ("placements", name, "activate")
        return self._request(schemas.PlacementVersion, *segments, method="POST", body=body)


def _sent(shelves: Sequence[schemas.PlacementShelf]) -> list[dict[str, object]]:
    return [shelf.model_dump(mode="json") for shelf in shelves]
