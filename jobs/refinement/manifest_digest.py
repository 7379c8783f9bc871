"""The part of a manifest that says how rows of bronze become rows of silver, as a digest."""

import hashlib
import json
from typing import Final

from warehouse.datasets import Dataset
from warehouse.manifests.sources import Files

_OF_EVENTS: Final = {
    "time_format", "time_zone", "values", "no_value", "decimal", "thousands", "keep_if",
    "kind", "kinds",
}  # fmt: skip
_OF_ITEMS: Final = {
    "categories_separator", "title_has_year", "title_has_article_last", "attributes", "decimal",
    "thousands", "keep_if",
}  # fmt: skip


def of(dataset: Dataset) -> str:
    """Return the digest. Fields on reading files, training or serving do not change it."""
    fields = {
        "delivery": dataset.source.delivery,
        "ratings": _of_section(dataset.ratings, _OF_EVENTS),
        "events": {
            name: _of_section(section, _OF_EVENTS)
            for name, section in dataset.event_sections.items()
        },
        "items": _of_section(dataset.items, _OF_ITEMS),
        "categories": _of_section(dataset.categories, {"keep_if"}),
        "users": _of_section(dataset.users, {"keep_if"}),
        "kinds": {name: kind.value for name, kind in dataset.kinds.items()},
        "scale": dataset.scale.model_dump(include={"lowest", "highest", "step"}),
        "future_tolerance_hours": dataset.floors.future_tolerance_hours,
    }
    text = json.dumps(fields, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _of_section(section: Files | None, names: set[str]) -> dict[str, object] | None:
    if section is None:
        return None
    has_times = {"timed": section.time is not False} if hasattr(section, "time") else {}
    return section.model_dump(mode="json", include=names) | has_times
