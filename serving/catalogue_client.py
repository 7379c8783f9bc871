"""The part of the API's typed client that changes the catalogue."""

from collections.abc import Sequence

from serving import schemas
from serving.transport import ClientPart


class CatalogueClient(ClientPart):
    """Client of the routes that change items. They need a key with the scope `catalogue`.

    A change is committed, and visible everywhere, when a method returns. Retries are safe.
    """

    def put_item(self, item_id: str, content: schemas.ItemContent) -> schemas.ItemReceipt:
        """Create an item, replace it, or bring it back after a removal.

        Raises:
            UnknownAttributeError: the manifest does not declare an attribute.
        """
        body = content.model_dump(mode="json")
        return self._request(schemas.ItemReceipt, "items", item_id, method="PUT", body=body)

    def patch_item(self, item_id: str, patch: schemas.ItemPatch) -> schemas.ItemReceipt:
        """Change the fields of an item that were set in `patch`.

        Raises:
            UnknownItemError: the catalogue does not have the item.
            UnknownAttributeError: the manifest does not declare an attribute.
        """
        body = patch.model_dump(mode="json", exclude_unset=True)
        return self._request(schemas.ItemReceipt, "items", item_id, method="PATCH", body=body)

    def remove_item(self, item_id: str) -> schemas.ItemReceipt:
        """Remove an item from every page and list.

        Raises:
            UnknownItemError: the catalogue never had the item.
        """
        return self._request(schemas.ItemReceipt, "items", item_id, method="DELETE")

    def change_items(self, changes: Sequence[schemas.ItemChange]) -> schemas.ItemOutcomes:
        """Make up to 1,000 changes, in their order. A refused one does not stop the others."""
        items = [change.model_dump(mode="json", exclude_unset=True) for change in changes]
        body = {"items": items}
        return self._request(schemas.ItemOutcomes, "items", method="POST", body=body)
