"""Manifests: everything that is specific to one product's data.

A manifest is a TOML file in `datasets/`. This module imports no engine, so DAGs can read it.
"""

import difflib
import functools
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, get_args

from croniter import croniter
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from warehouse.errors import ManifestError
from warehouse.kinds import RATE, RESERVED, Kind
from warehouse.settings import ManifestSettings
from warehouse.sources import Categories, Events, Items, Ratings, Section, Source, Users
from warehouse.tables.vocabulary import MAX_SEARCH_MINUTES

_RESERVED_NAMES = ("public", "information_schema", "lantern")
_TOML_HINT = "Texts need quotes; TOML has no null: write `false`, or leave the field out"


class Scale(Section):
    """The valid ratings: `lowest`, `lowest + step`, …, `highest`."""

    lowest: float
    """The lowest rating."""
    highest: float
    """The highest rating."""
    step: float = Field(gt=0)
    """Difference between two neighbouring ratings."""
    relevant_from: float
    """Ratings at or above this value count as relevant."""

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        if not self.lowest < self.highest:
            raise ValueError("`lowest` must be below `highest`")
        if not self.lowest <= self.relevant_from <= self.highest:
            raise ValueError("`relevant_from` must be on the scale")
        return self


_LIKES = Scale(lowest=0, highest=1, step=1, relevant_from=1)  # of data sets without ratings


class Windows(Section):
    """How events are split into training and test rows."""

    gate_train_share: float = Field(default=0.8, gt=0, lt=1)
    """Share of the ratings, oldest first, that the gate's models are trained on."""
    without_time: Literal["file_order", "random"] = "random"
    """How a data set without times is split: at random, or by the order of rows."""
    half_life_days: float = Field(default=365, gt=0)
    """Days after which a rating counts half for popularity: years for a library, days for
    news."""


class Floors(Section):
    """Limits that data and models must meet before a model is considered."""

    max_quarantine_share: float = Field(default=0.05, ge=0, le=1)
    """Largest share of a target's rows that may fail a check; above it a refinement stops."""
    min_test_users: int = Field(default=100, ge=1)
    """Fewest users, known before the split, that the gate needs for a comparison."""
    min_coverage: float = Field(default=0.02, ge=0, le=1)
    """Lowest coverage@10 of a personalised recipe: share of the catalogue in lists."""
    slice_tolerance: float = Field(default=0.01, ge=0)
    """Largest loss of NDCG@10 in any slice of users."""
    future_tolerance_hours: float = Field(default=24, ge=0)
    """Events further than this in the future are quarantined."""


class Schedule(Section):
    """When DAGs run: cron expressions in UTC; `false`: not on a schedule."""

    ingest: str | None = None
    """When files are landed and refined."""
    collect: str | None = "*/5 * * * *"
    """When the product's events are copied into the lake."""
    retrain: str | None = None
    """When a model is trained, beside the retrains that new events start."""
    maintain: str | None = "30 4 * * 0"
    """When old files are removed from the lake."""
    retrain_after_events: int = Field(default=1, ge=1)
    """Number of new accepted events that starts a retrain."""

    @field_validator("ingest", "collect", "retrain", "maintain", mode="before")
    @classmethod
    def _false_is_by_hand(cls, value: object) -> object:
        return None if value is False or value == "" else value

    @field_validator("ingest", "collect", "retrain", "maintain")
    @classmethod
    def _is_cron(cls, text: str | None) -> str | None:
        if text is not None and not croniter.is_valid(text):
            raise ValueError(f'{text!r} is no cron expression, such as "0 3 * * *"')
        return text

    ask_for_approval: bool = False
    """An operator approves each release before users see it."""
    approval_timeout_hours: float = Field(default=24, gt=0, le=720)
    """Hours to wait for the operator's answer; without one, nothing is published."""


class Training(Section):
    """What a retrain starts with; each can be changed for one retrain in its form."""

    recipe: str = ""
    """Name or JSON of the recipe; empty: the default for these data."""
    search_minutes: int = Field(default=0, ge=0, le=MAX_SEARCH_MINUTES)
    """Time to search for a better recipe."""


class Dataset(Section):
    """One product. Its name is the manifest's file name without `.toml`."""

    name: str = Field(default="", pattern=r"^[a-z][a-z0-9_]{0,30}$")
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
    training: Training = Training()
    windows: Windows = Windows()
    floors: Floors = Floors()
    schedule: Schedule = Schedule()

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
                names = ", ".join(unknown)
                raise ValueError(f"events {number}: no `[kinds.{unknown[0]}]` for {names}")
            if RATE in named and "scale" not in self.model_fields_set:
                raise ValueError(f"events {number}: kind `rate` needs `[scale]`")
            if RATE in named and events.value is None:
                raise ValueError(f"events {number}: kind `rate` needs `value`")
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
    except ValidationError as error:
        raise ManifestError(f"{path.name}: {_problems(error)}") from error
    _require_usable_name(path, dataset.name)
    return dataset


def _problems(error: ValidationError) -> str:
    """Return each problem as `field: cause`, with the nearest field for an unknown one."""
    return "; ".join(_problem(detail) for detail in error.errors())


def _problem(detail: ErrorDetails) -> str:
    *path, last = map(str, detail["loc"]) if detail["loc"] else ("",)
    where = ".".join((*path, last))
    match detail["type"]:
        case "extra_forbidden":
            top: type[BaseModel] = Dataset
            section = functools.reduce(_field_type, path, top)
            near = difflib.get_close_matches(last, section.model_fields, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            return f"{where}: unknown field{hint}"
        case "missing":
            return f"{where}: missing"
        case "literal_error" if detail["input"] == "tsv" and last == "format":
            return f'{where}: for tab-separated files use `format = "csv"`, `separator = "\\t"`'
        case "string_pattern_mismatch" if where == "name":
            return (
                f"{detail['input']}: the file's name may have small letters, digits and _, and "
                "begins with a letter: rename the file"
            )
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            return f"{where}: {message}" if where else message


def _field_type(section: type[BaseModel], name: str) -> type[BaseModel]:
    """Return the section of a section's field; the section itself for a key or a position."""
    if name not in section.model_fields:
        return section
    annotation = section.model_fields[name].annotation
    types = (annotation, *get_args(annotation))
    return next((x for x in types if isinstance(x, type) and issubclass(x, BaseModel)), section)


def _require_usable_name(path: Path, name: str) -> None:
    if name != path.stem:
        raise ManifestError(
            f'{path.name}: `name = "{name}"` differs from the file\'s name. Rename the file to '
            f"{name}.toml, or remove `name`"
        )
    if name.startswith("pg_") or name in _RESERVED_NAMES:
        raise ManifestError(f"{path.name}: Postgres reserves the name {name!r}: rename the file")


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
