"""Manifests: everything that is specific to one product's data.

A manifest is a TOML file in `datasets/`. This module imports no engine, so DAGs can read it.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from warehouse.errors import ManifestError
from warehouse.manifests import problems
from warehouse.manifests.field_types import TOPIC
from warehouse.manifests.kinds import PASTS, RATE, RESERVED, Kind
from warehouse.manifests.sections import (
    Display,
    Floors,
    Forward,
    Promises,
    Scale,
    Schedule,
    Training,
    Windows,
)
from warehouse.manifests.sources import Categories, Events, Items, Ratings, Section, Source, Users
from warehouse.settings import ManifestSettings

_NAME = r"^[a-z][a-z0-9_]{0,30}$"
_RESERVED_NAMES = ("public", "information_schema", "lantern", "platform")
_TOML_HINT = "Texts need quotes; TOML has no null: write `false`, or leave the field out"
_LIKES = Scale(lowest=0, highest=1, step=1, relevant_from=1)  # for data sets without ratings


class Dataset(Section):
    """One product. Its name is the manifest's file name without `.toml`."""

    name: str = Field(default="", pattern=_NAME)
    """By default the file's name without `.toml`. It names the folder in the lake, the schema
    in Postgres and the DAGs."""
    title: str = Field(min_length=1, max_length=80)
    """Name of the product on pages."""
    item_noun: str = "item"
    """What the product calls one item: "film", "book"."""
    licence: str
    """Licence of the data in one sentence, shown on pages."""
    source: Source
    ratings: Ratings | None = None
    events: tuple[Events, ...] = ()
    kinds: dict[str, Kind] = Field(default={})
    """What each kind of event means: `[kinds.NAME]`."""
    items: Items | None = None
    categories: Categories | None = None
    users: Users | None = None
    scale: Scale = Field(default=_LIKES)
    display: Display = Display()
    training: Training = Training()
    windows: Windows = Windows()
    floors: Floors = Floors()
    schedule: Schedule = Schedule()
    promises: Promises = Promises()
    forward: Forward | None = None

    @model_validator(mode="before")
    @classmethod
    def _scale_of_kind_rate(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields with `[kinds.rate] scale` as `[scale]`: both spell the same."""
        kinds = fields.get("kinds")
        if not isinstance(kinds, dict) or RATE not in kinds:
            return fields
        rate, others = kinds[RATE], {name: kinds[name] for name in kinds if name != RATE}
        if not isinstance(rate, dict) or rate.keys() != {"scale"}:
            raise ValueError("kinds.rate: ratings have a `scale`, and nothing else")
        return {**fields, "kinds": others, "scale": rate["scale"]}

    @model_validator(mode="after")
    def _events_have_kinds(self) -> Self:
        if self.ratings is None and not self.events:
            raise ValueError("needs `[ratings]` or `[[events]]`: the files of what users did")
        if self.ratings is not None and "scale" not in self.model_fields_set:
            raise ValueError("`[ratings]` needs `[scale]`: the valid ratings")
        if reserved := sorted({RATE, *RESERVED} & self.kinds.keys()):
            raise ValueError(f"kinds: {', '.join(reserved)}: reserved; choose another name")
        for number, events in enumerate(self.events, 1):
            named = {events.kind} if events.kind is not None else {*events.kinds.values()}
            if unknown := sorted(named - self.kinds.keys() - {RATE}):
                kinds = ", ".join(self.kinds) or "none"
                raise ValueError(f"events {number}: no `[kinds.{unknown[0]}]`; there are {kinds}")
            if RATE in named and "scale" not in self.model_fields_set:
                raise ValueError(f"events {number}: kind `rate` needs `[scale]`")
            if RATE in named and events.value is None:
                raise ValueError(f"events {number}: kind `rate` needs `value`")
        return self

    @model_validator(mode="after")
    def _topics_have_json(self) -> Self:
        if self.source.kind != "kafka":
            return self
        single = (self.ratings, self.items, self.categories, self.users)
        for section in (*(one for one in single if one is not None), *self.events):
            if section.format != "jsonl" or section.encoding != "utf-8":
                raise ValueError(f'{section.file}: messages are JSON: write `format = "jsonl"`')
            if not re.fullmatch(TOPIC, section.file):
                raise ValueError(f"`file` must be the name of a topic: {section.file}")
        return self

    @model_validator(mode="after")
    def _forwards_feedback(self) -> Self:
        if self.forward is not None and not self.takes_feedback:
            raise ValueError("`[forward]` publishes the product's events: snapshots have none")
        return self

    @model_validator(mode="after")
    def _shows_declared_attributes(self) -> Self:
        declared = {} if self.items is None else self.items.attributes
        for name, of in self.display.types.items():
            if declared.get(name) != of:
                raise ValueError(
                    f'display: declare it in `[items]`: attributes = {{ {name} = "{of}" }}'
                )
        return self

    @property
    def has_scale(self) -> bool:
        """Whether users rate items on a scale; else each event is a sign of interest."""
        return "scale" in self.model_fields_set

    @property
    def event_sections(self) -> dict[str, Events]:
        """The entries of `[[events]]` by the name that their rows have in `bronze.events`.

        It is the pattern of `file`, and from the second entry with the same pattern on has a
        number: `all.csv`, `all.csv#2`.
        """
        sections: dict[str, Events] = {}
        for number, section in enumerate(self.events):
            n_before = sum(earlier.file == section.file for earlier in self.events[:number])
            name = f"{section.file}#{n_before + 1}" if n_before else section.file
            sections[name] = section
        return sections

    @property
    def has_times(self) -> bool:
        """Whether every file of events has times."""
        files = (*self.events, self.ratings) if self.ratings is not None else self.events
        return all(section.time is not False for section in files)

    @property
    def positive_kinds(self) -> dict[str, Kind]:
        """The kinds of `[kinds]` whose events make an item relevant."""
        if any(kind.positive is not None for kind in self.kinds.values()):
            return {name: kind for name, kind in self.kinds.items() if kind.positive}
        largest = max((kind.weight for kind in self.kinds.values()), default=0)
        return {name: kind for name, kind in self.kinds.items() if kind.weight == largest}

    @property
    def blocking_kinds(self) -> tuple[str, ...]:
        """The kinds of `[kinds]` after which the item is not recommended again, by name."""
        positive = self.positive_kinds
        return tuple(
            name
            for name, kind in sorted(self.kinds.items())
            if not (name not in positive if kind.repeatable is None else kind.repeatable)
        )

    @property
    def pasts(self) -> dict[str, str]:
        """What users did, by kind of `[kinds]`; "" if neither the manifest nor the name says it."""
        return {name: kind.past or PASTS.get(name, "") for name, kind in self.kinds.items()}

    @property
    def takes_feedback(self) -> bool:
        """Whether events of the product are added to the source's rows."""
        return self.source.delivery == "increments"


def load(path: Path) -> Dataset:
    """Return the data set that the manifest at `path` describes.

    Raises:
        ManifestError: the file cannot be read or is not TOML in UTF-8, a field is missing, unknown
            or out of range, or the name is reserved.
    """
    try:
        fields = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        dataset = Dataset.model_validate({"name": path.stem, **fields})
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise ManifestError(
            f"{path.name}: line {line} has byte 0x{byte:02x}, which is not UTF-8. Save the file "
            "as UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path.name}: not TOML: {error}. {_TOML_HINT}") from error
    except RecursionError as error:
        raise ManifestError(
            f"{path.name}: its brackets are nested too deeply. Remove those without a use"
        ) from error
    except ValidationError as error:
        raise ManifestError(f"{path.name}: {problems.sentences(error, Dataset)}") from error
    _require_usable_name(path, dataset.name)
    return dataset


def _require_usable_name(path: Path, name: str) -> None:
    if name != path.stem:
        raise ManifestError(
            f'{path.name}: `name = "{name}"` differs from the file\'s name. Rename the file to '
            f"{name}.toml, or remove `name`"
        )
    if problem := problem_of_name(name):
        raise ManifestError(f"{path.name}: {problem}: rename the file")


def problem_of_name(name: str) -> str:
    """Return why no data set can have the name; "" if one can."""
    if not re.fullmatch(_NAME, name):
        return (
            f"{name!r} is no name of a data set, which has small letters, digits and _, begins "
            "with a letter, and has at most 31 characters"
        )
    is_reserved = name.startswith("pg_") or name in _RESERVED_NAMES
    return f"Postgres reserves the name {name!r}" if is_reserved else ""


def load_named(name: str) -> Dataset:
    """Return the installed data set of this name.

    Raises:
        ManifestError: no manifest has this name (the message lists those there are), or it is bad.
    """
    manifest = _manifests().get(name)
    if manifest is None:
        raise ManifestError(f"no data set {name!r}; installed: {', '.join(_manifests())}")
    if isinstance(manifest, ManifestError):
        raise manifest
    return manifest


def installed() -> tuple[Dataset, ...]:
    """Return every data set whose manifest is valid, by name. `broken` returns the others."""
    return tuple(valid for valid in _manifests().values() if isinstance(valid, Dataset))


def broken() -> tuple[ManifestError, ...]:
    """Return the errors of invalid manifests. They do not affect the other data sets."""
    return tuple(error for error in _manifests().values() if isinstance(error, ManifestError))


@cache
def _manifests() -> dict[str, Dataset | ManifestError]:
    manifests: dict[str, Dataset | ManifestError] = {}
    for path in sorted(ManifestSettings().manifests.glob("*.toml")):
        try:
            manifests[path.stem] = load(path)
        except ManifestError as error:
            manifests[path.stem] = error
    return manifests
