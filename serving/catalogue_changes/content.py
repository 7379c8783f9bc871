"""The fields of an item that the product sets, as a change leaves them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from serving.catalogue_changes import attributes
from serving.catalogue_changes.attributes import Types, Value
from serving.errors import RequestRefusedError
from serving.schemas import ItemContent, ItemPatch

MAX_ITEM_BYTES = 32_768  # of an item as JSON: each process keeps all items in memory


@dataclass(frozen=True, slots=True)
class Content:
    """The fields of an item that the product sets."""

    title: str
    categories: tuple[str, ...] = ()
    vendor: str | None = None
    released: int | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


def content_of(body: ItemContent, types: Types) -> Content:
    """Return the content that a body describes, with attributes of the declared types.

    Raises: as `attributes.checked`.
    """
    return Content(
        title=body.title,
        categories=_distinct(body.categories),
        vendor=body.vendor,
        released=body.released,
        attributes=attributes.checked(body.attributes, types),
    )


def patched(content: Content, patch: ItemPatch, types: Types) -> Content:
    """Return the content with the fields that the patch has.

    Raises: as `attributes.checked`.
    """
    sent = patch.model_fields_set
    new = replace(
        content,
        vendor=patch.vendor if "vendor" in sent else content.vendor,
        released=patch.released if "released" in sent else content.released,
    )
    if patch.title is not None:
        new = replace(new, title=patch.title)
    if "categories" in sent:
        new = replace(new, categories=_distinct(patch.categories or ()))
    if "attributes" in sent:
        changed = _changed_attributes(content.attributes, patch.attributes, types)
        new = replace(new, attributes=changed)
    return new


def require_allowed_size(content: Content) -> None:
    """Refuse content that takes too much memory.

    Raises:
        RequestRefusedError: the content is too large.
    """
    n_bytes = len(json.dumps(asdict(content), ensure_ascii=False).encode())
    if n_bytes > MAX_ITEM_BYTES:
        raise RequestRefusedError(
            f"The item has {n_bytes:,} bytes as JSON; {MAX_ITEM_BYTES:,} is the limit."
        )


def _changed_attributes(
    before: Mapping[str, Value], changes: Mapping[str, Value | None] | None, types: Types
) -> dict[str, Value]:
    if changes is None:
        return {}
    for name in changes:
        attributes.must_be_declared(name, types, "body.attributes")
    given = {name: value for name, value in changes.items() if value is not None}
    kept = {name: value for name, value in before.items() if name not in changes}
    return kept | attributes.checked(given, types)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
