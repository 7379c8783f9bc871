"""The manifests: everything that is particular to one product's data.

A manifest is a TOML file in `datasets/`. This module imports no engine: DAGs read it.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.errors import ManifestError
from warehouse.settings import ManifestSettings

Format = Literal["csv", "jsonl", "parquet"]
Encoding = Literal["utf-8", "iso-8859-1"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Part):
    """Where the files come from, and how they are sent."""

    kind: Literal["archive", "folder", "inbox"] = Field(
        description="archive: one zip, from `url` or handed over in the inbox; folder: files at "
        "`url`, a folder or an object store; inbox: files that somebody put into "
        "`<inbox>/<dataset>/`."
    )
    url: str | None = Field(
        default=None, description="Address of the archive, or root of the folder."
    )
    md5: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{32}$", description="What the publisher states."
    )
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="Preferred where it is known."
    )
    max_mb: int = Field(
        default=4096, gt=0, description="Byte budget of an unpacked archive, in MB (10^6 bytes)."
    )
    delivery: Literal["increments", "snapshots"] = Field(
        default="increments",
        description="increments: files add to what is there; snapshots: each delivery replaces "
        "everything, and the data set takes no feedback.",
    )

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.kind == "folder" and self.url is None:
            raise ValueError("a source of kind `folder` needs `url`")
        return self


class Files(_Part):
    """One kind of file: its name, its format, how its fields are called."""

    file: str = Field(
        description="Path inside the archive or folder; may hold `*` (for `folder` and `inbox`)."
    )
    format: Format = "csv"
    separator: str = Field(default=",", min_length=1, max_length=4, description='csv: "," or "::".')
    header: bool = Field(default=True, description="csv: the first line holds the column names.")
    fields: tuple[str, ...] = Field(
        default=(), description="csv without a header: the names of the columns, in order."
    )
    quote: str = Field(default='"', max_length=1, description='csv: "" turns quoting off.')
    encoding: Encoding = "utf-8"

    @model_validator(mode="after")
    def _columns_have_names(self) -> Self:
        if self.format == "csv" and not self.header and not self.fields:
            raise ValueError("csv without a header needs `fields`")
        if "/" in self.file and (self.file.startswith("/") or ".." in self.file.split("/")):
            raise ValueError(f"`file` must stay inside the source: {self.file}")
        return self


class Ratings(Files):
    """The ratings' files; each value below is the name of a column there."""

    user: str = "user"
    item: str = "item"
    value: str = "value"
    time: str | None = Field(default="time", description="Null: the data set has no times.")
    time_format: Literal["seconds", "milliseconds", "iso"] = "seconds"


class Items(Files):
    """The items' files; each value below is the name of a column there."""

    item: str = "item"
    title: str = "title"
    categories: str | None = None
    categories_separator: str = "|"
    vendor: str | None = None
    released: str | None = Field(
        default=None, description="A year, or a date that begins with one."
    )
    title_has_year: bool = Field(
        default=False, description='"Heat (1995)" is the title "Heat" of 1995.'
    )
    title_has_article_last: bool = Field(
        default=False, description='"Matrix, The" is shown as "The Matrix".'
    )


class Users(Files):
    """The users' files; `attributes` are columns that describe a person: age group, sex, region."""

    user: str = "user"
    attributes: tuple[str, ...] = ()


class Scale(_Part):
    """The values that a rating may have: `lowest`, `lowest + step`, …, `highest`."""

    lowest: float
    highest: float
    step: float = Field(gt=0)
    relevant_from: float = Field(description="From here on a rating says: he liked it.")

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        if not self.lowest < self.highest:
            raise ValueError("`lowest` must be below `highest`")
        if not self.lowest <= self.relevant_from <= self.highest:
            raise ValueError("`relevant_from` must lie on the scale")
        return self


class Windows(_Part):
    """How events are cut into training and test rows."""

    gate_train_share: float = Field(default=0.8, gt=0, lt=1)
    without_time: Literal["file_order", "random"] = Field(
        default="file_order", description="The split of a data set that has no times."
    )
    half_life_days: float = Field(
        default=365,
        gt=0,
        description="How fast what is popular gets old here: years for a library, days for news.",
    )


class Floors(_Part):
    """What a run must reach before its model is considered."""

    max_quarantine_share: float = Field(default=0.05, ge=0, le=1)
    min_test_users: int = Field(default=100, ge=1)
    min_coverage: float = Field(
        default=0.02, ge=0, le=1, description="coverage@10 of a personalised recipe."
    )
    slice_tolerance: float = Field(
        default=0.01, ge=0, description="How much NDCG@10 a slice may lose."
    )
    future_tolerance_hours: float = Field(
        default=24, ge=0, description="Events later than now by more are quarantined."
    )


class Schedule(_Part):
    """When things run: cron expressions in UTC; null means by hand only."""

    ingest: str | None = None
    collect: str | None = Field(
        default="*/5 * * * *", description="When the product's events are carried into the lake."
    )
    retrain: str | None = None
    maintain: str | None = Field(
        default="30 4 * * 0", description="When old files of the lake are removed."
    )
    retrain_after_events: int = Field(
        default=1, ge=1, description="Retrain when so many new events were accepted."
    )
    ask_for_approval: bool = Field(
        default=False, description="A person approves each release before people see it."
    )
    approval_timeout_hours: float = Field(
        default=24, gt=0, le=720, description="So long is waited for his answer; then it is no."
    )


class Dataset(_Part):
    """One product. `name` is its folder in the lake, its schema in Postgres, its DAGs' prefix."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    title: str = Field(min_length=1, max_length=80)
    item_noun: str = Field(
        default="item", description='What the product calls an item, singular: "film", "book".'
    )
    licence: str = Field(description="One sentence, shown with the data.")
    source: Source
    ratings: Ratings
    items: Items | None = None
    users: Users | None = None
    scale: Scale
    windows: Windows = Windows()
    floors: Floors = Floors()
    schedule: Schedule = Schedule()

    @property
    def takes_feedback(self) -> bool:
        """Whether what people do in the product joins what the source sends."""
        return self.source.delivery == "increments"


def load(path: Path) -> Dataset:
    """Return the data set that the manifest at `path` describes.

    Raises:
        ManifestError: it is no TOML, or a field is missing, unknown or out of range.
    """
    try:
        return Dataset.model_validate({"name": path.stem, **tomllib.loads(path.read_text())})
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ManifestError(f"{path.name}: {error}") from error


def load_named(name: str) -> Dataset:
    """Return the installed data set of this name.

    Raises:
        ManifestError: there is no such manifest (the message lists those there are), or it is bad.
    """
    found = _manifests().get(name)
    if found is None:
        raise ManifestError(f"no data set {name!r}; there are: {', '.join(_manifests())}")
    if isinstance(found, ManifestError):
        raise found
    return found


@cache
def installed() -> tuple[Dataset, ...]:
    """Return every data set whose manifest is valid, by name. `broken` returns the others."""
    return tuple(found for found in _manifests().values() if isinstance(found, Dataset))


@cache
def broken() -> tuple[ManifestError, ...]:
    """Return what is wrong with the other manifests: one mistake takes down no other product."""
    return tuple(found for found in _manifests().values() if isinstance(found, ManifestError))


@cache
def _manifests() -> dict[str, Dataset | ManifestError]:
    found: dict[str, Dataset | ManifestError] = {}
    for path in sorted(ManifestSettings().manifests.glob("*.toml")):
        try:
            found[path.stem] = load(path)
        except ManifestError as error:
            found[path.stem] = error
    return found
