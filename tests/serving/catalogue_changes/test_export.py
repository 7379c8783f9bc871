"""The catalogue as JSON lines: all items once, in pages, for the scope `operate` only."""

import pytest
from sqlalchemy import Connection

from serving import catalogue, errors
from serving.api.routes import exports as routes
from serving.client import Client
from serving.schemas import ItemChange, ItemContent, ItemDetails

pytestmark = pytest.mark.usefixtures("released")


@pytest.mark.parametrize("n_new", [0, 996, 1000])  # 4, 1,000 and 1,004 items: pages have 1,000
def test_every_item_is_exported_once_by_id(
    cataloguer: Client, maintainer: Client, n_new: int
) -> None:
    changes = [
        ItemChange(item_id=f"n{n:04}", title=f"Item {n}", attributes={"price": n})
        for n in range(n_new)
    ]
    if changes:
        cataloguer.change_items(changes)

    exported = list(maintainer.export_items())

    assert [item.item_id for item in exported] == [*"abcd", *(c.item_id for c in changes)]
    assert exported[0] == cataloguer.item("a")
    assert [item.attributes.get("price") for item in exported[4:]] == list(range(n_new))


def test_a_changed_item_is_exported_as_its_page_shows_it(
    cataloguer: Client, maintainer: Client
) -> None:
    content = ItemContent(title="E", categories=("new",), vendor="V", released=1999)
    receipt = cataloguer.put_item("e", content)

    *_, exported = maintainer.export_items()

    assert exported == cataloguer.item("e")
    assert exported.changed_at == receipt.changed_at


def test_removed_items_are_left_out(cataloguer: Client, maintainer: Client) -> None:
    cataloguer.remove_item("b")

    assert [item.item_id for item in maintainer.export_items()] == [*"acd"]


def test_a_page_at_a_time_is_in_memory(maintainer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    page = catalogue.export_page

    def noting(connection: Connection, *, after: str, limit: int) -> list[ItemDetails]:
        read = page(connection, after=after, limit=limit)
        sizes.append(len(read))
        return read

    monkeypatch.setattr(routes, "EXPORT_PAGE", 3)
    monkeypatch.setattr(catalogue, "export_page", noting)

    assert len(list(maintainer.export_items())) == 4
    assert sizes == [3, 1]


def test_other_scopes_may_not_export(cataloguer: Client) -> None:
    with pytest.raises(errors.ScopeMissingError):
        list(cataloguer.export_items())
