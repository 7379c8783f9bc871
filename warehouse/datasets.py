"""Manifests: everything that is specific to one product's data.

A manifest is a TOML file in `datasets/`. This module imports no engine, so DAGs can read it.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from warehouse.errors import ManifestError
from warehouse.settings import ManifestSettings
from warehouse.sources import Items, Ratings, Section, Source, Users


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


class Windows(Section):
    """How events are split into training and test rows."""

    gate_train_share: float = Field(default=0.8, gt=0, lt=1)
    """Share of the ratings, oldest first, that the gate's models are trained on."""
    without_time: Literal["file_order", "random"] = "file_order"
    """How a data set without times is split: by the order of rows, or at random."""
    half_life_days: float = Field(default=365, gt=0)
    """Days after which a rating counts half for popularity: years for a library, days for news."""


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
    """When DAGs run: cron expressions in UTC; null: not on a schedule."""

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
    ask_for_approval: bool = False
    """An operator approves each release before users see it."""
    approval_timeout_hours: float = Field(default=24, gt=0, le=720)
    """Hours to wait for the operator's answer; without one, nothing is published."""


class Dataset(Section):
    """One product. Its name is the manifest's file name without `.toml`."""

    name: str = Field(default="", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    """By default the file's name without `.toml`. It names the folder in the lake, the schema in
    Postgres and the DAGs."""
    title: str = Field(min_length=1, max_length=80)
    """Name of the product on pages."""
    item_noun: str = "item"
    """What the product calls one item: "film", "book"."""
    licence: str
    """Licence of the data in one sentence, shown on pages."""
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
        """Whether events of the product are added to the source's rows."""
        return self.source.delivery == "increments"


def load(path: Path) -> Dataset:
    """Return the data set that the manifest at `path` describes.

    Raises:
        ManifestError: the file is not TOML, or a field is missing, unknown or out of range.
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
