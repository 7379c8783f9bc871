"""Which columns of a file become which columns of bronze."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from jobs.ingestion.interpreting import conditions
from warehouse.manifests.sources import Categories, Events, Files, Items, Ratings, Users

# The fields of `Files` that say how its bytes are read.
_FORMAT: Final = {
    "format", "separator", "header", "fields", "quote", "escape", "skip_lines", "encoding",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file that are landed, by the column of bronze that they become.

    Several columns of `texts` are joined by a space. `flags` are the columns of 0 and 1 that stand
    for categories.
    """

    texts: dict[str, tuple[str, ...]]
    attributes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that the file must have, each once."""
        texts = (name for names in self.texts.values() for name in names)
        return tuple(dict.fromkeys((*texts, *self.attributes, *self.flags, *self.extra)))


def columns_of(files: Files) -> Columns:
    """Return the columns that the section of the manifest names."""
    flags = tuple(files.category_flags) if isinstance(files, Items) else ()
    attributes = tuple(files.attributes) if isinstance(files, Items | Users) else ()
    texts = {column: tuple(filter(None, names)) for column, names in _texts(files).items()}
    return Columns(
        {column: names for column, names in texts.items() if names},
        attributes,
        flags,
        conditions.columns(files),
    )


def required_columns(files: Files) -> tuple[str, ...]:
    """Return the columns that the file must have."""
    return columns_of(files).required


def reading_fields(files: Files) -> dict[str, object]:
    """Return the fields of the section that change what is landed; others change its meaning."""
    columns = columns_of(files)
    return {
        **files.model_dump(mode="json", include=_FORMAT, exclude_defaults=True),
        "texts": columns.texts,
        "attributes": columns.attributes,
        "flags": getattr(files, "category_flags", {}),
        "extra": columns.extra,
    }


def _texts(files: Files) -> dict[str, Iterable[str | None]]:
    match files:
        case Ratings():
            return {
                "user_id": (files.user,),
                "item_id": (files.item,),
                "rating": (files.value,),
                "rated_at": files.time_columns,
            }
        case Events():
            return {
                "user_id": (files.user,),
                "item_id": (files.item,),
                "kind": (files.kind_column,),
                "value": (files.value,),
                "occurred_at": files.time_columns,
            }
        case Items():
            return {
                "item_id": (files.item,),
                "title": (files.title,),
                "categories": (files.categories,),
                "vendor": (files.vendor,),
                "released": (files.released,),
            }
        case Categories():
            return {"item_id": (files.item,), "category": (files.category,)}
        case Users():
            return {"user_id": (files.user,)}
        case _:
            raise TypeError(type(files))
