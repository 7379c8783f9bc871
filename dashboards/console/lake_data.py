"""Data that the console reads from the lake.

Every function raises WarehouseError if a table cannot be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import streamlit as st
from pydantic import ValidationError

from dashboards.console import retrain_rows
from dashboards.console.retrain_rows import Figure, Retrain, Sample, Search, Trial, TrialCost
from dashboards.settings import NotSetUpError
from monitoring.facts import Disk
from monitoring.reading import lake as lake_facts
from warehouse import datasets, reconciliation
from warehouse import lineage as lineage_of
from warehouse.lineage import Lineage
from warehouse.maintenance import inventory
from warehouse.maintenance.inventory import Inventory
from warehouse.query import Lake
from warehouse.reconciliation import Reconciliation
from warehouse.settings import LakeSettings
from warehouse.tables import (
    BRONZE_COLLECTIONS,
    GOLD_FITS,
    GOLD_MODEL_METRICS,
    GOLD_NOMINATIONS,
    GOLD_SAMPLE_LISTS,
    GOLD_SEARCHES,
    GOLD_TRIALS,
    GOLD_VERDICTS,
    TABLES,
    Table,
)

SHOWN_COLLECTIONS = 3


@dataclass(frozen=True)
class TableState:
    """Size and last change of a table. `version_served`: the one that the live release used."""

    table: Table
    stored: Inventory
    version_served: int | None

    @property
    def n_rows(self) -> int:
        """Rows of the newest version."""
        return self.stored.n_rows

    @property
    def version(self) -> int:
        """The newest version."""
        return self.stored.version

    @property
    def written_at(self) -> datetime:
        """Time of the newest commit, UTC."""
        return self.stored.written_at


@dataclass(frozen=True)
class Collection:
    """One copy of feedback events from the outbox into the lake."""

    n_written: int
    lag_seconds: float
    collected_at: datetime


@dataclass(frozen=True)
class Feedback:
    """The state of feedback in the lake. Collections are newest first."""

    reconciliation: Reconciliation
    collections: tuple[Collection, ...]


@st.cache_data(ttl="30s", show_spinner=False)
def n_new_events(dataset: str, live_retrain_id: str | None) -> int | None:
    """Return how many events arrived since the fit of the live release; None if not known."""
    growth = lake_facts.growth_since(of(dataset), live_retrain_id)
    return None if growth is None else growth.n_events


@st.cache_data(ttl="15s", show_spinner=False)
def disk() -> Disk | None:
    """Return the space on the disk of the lake; None if the lake is not on a disk."""
    return lake_facts.disk(settings().root)


@st.cache_data(ttl="5s", show_spinner=False)
def feedback(dataset: str) -> Feedback:
    """Return the reconciliation of all feedback events with the last collections."""
    lake = of(dataset)
    collections = [Collection(**row) for row in _rows(lake, BRONZE_COLLECTIONS, _names(Collection))]
    collections.sort(key=lambda collection: collection.collected_at, reverse=True)
    return Feedback(reconciliation.reconcile(lake), tuple(collections[:SHOWN_COLLECTIONS]))


def tables(dataset: str, live_retrain_id: str | None) -> list[TableState]:
    """Return the state of every table that exists. The live retrain gives the versions served."""
    served = _versions_served(dataset, live_retrain_id) if live_retrain_id else {}
    return [
        TableState(table, stored, served.get(table.full_name))
        for table, stored in inventories(dataset)
    ]


@st.cache_data(ttl="15s", show_spinner=False)
def inventories(dataset: str) -> list[tuple[Table, Inventory]]:
    """Return the size and the last change of every table that exists, for all pages."""
    lake = of(dataset)
    return [(table, inventory.inventory(lake, table)) for table in TABLES if lake.exists(table)]


@st.cache_data(ttl="60s", max_entries=20, show_spinner=False)
def _versions_served(dataset: str, live_retrain_id: str) -> dict[str, int]:
    fits = _rows(of(dataset), GOLD_FITS, ["versions"], live_retrain_id)
    return dict(fits[0]["versions"]) if fits else {}


@st.cache_data(ttl="60s", max_entries=20, show_spinner=False)
def lineage(dataset: str, retrain_id: str) -> Lineage | None:
    """Return what a retrain's lists were made from; None if it has no complete fit."""
    snapshots = datasets.load_named(dataset).source.delivery == "snapshots"
    return lineage_of.of_retrain(of(dataset), retrain_id, snapshots=snapshots)


@st.cache_data(ttl="5s", show_spinner=False)
def retrains(dataset: str) -> list[Retrain]:
    """Return all retrains, newest first."""
    lake = of(dataset)
    return retrain_rows.retrains(
        _rows(lake, GOLD_NOMINATIONS, ["retrain_id", "nominated_at", "reason"]),
        _rows(lake, GOLD_SEARCHES, _names(Search)),
        _rows(lake, GOLD_VERDICTS, [n for n in GOLD_VERDICTS.names if n != "recipe_json"]),
    )


@st.cache_data(ttl="2s", show_spinner=False)
def trials(dataset: str, retrain_id: str) -> list[Trial]:
    """Return the trials of a retrain's search so far, by number."""
    return retrain_rows.trials(_rows(of(dataset), GOLD_TRIALS, _names(Trial), retrain_id))


@st.cache_data(ttl="60s", show_spinner=False)
def trial_cost(dataset: str) -> TrialCost | None:
    """Return what the last search spent on each trial; None before the first search."""
    searched = retrain_rows.last_searched(retrains(dataset))
    if searched is None or searched.search is None:
        return None
    return retrain_rows.trial_cost(searched.search, trials(dataset, searched.retrain_id))


@st.cache_data(ttl="60s", show_spinner=False)
def model_metrics(dataset: str, retrain_id: str) -> list[Figure]:
    """Return every metric of a retrain's recipes, by window and slice."""
    rows = _rows(of(dataset), GOLD_MODEL_METRICS, _names(Figure), retrain_id)
    return [Figure(**row) for row in rows]


@st.cache_data(ttl="60s", show_spinner=False)
def sample_lists(dataset: str, retrain_id: str) -> list[Sample]:
    """Return the lists of a few sample users, by user and recipe."""
    samples = _rows(of(dataset), GOLD_SAMPLE_LISTS, _names(Sample), retrain_id)
    return sorted((Sample(**row) for row in samples), key=lambda s: (s.user_id, s.recipe))


def of(dataset: str) -> Lake:
    """Return the data set's tables."""
    return Lake(settings().of(dataset))


def settings() -> LakeSettings:
    """Return where the lake and the inbox are.

    Raises:
        NotSetUpError: they are not set.
    """
    try:
        return LakeSettings()
    except ValidationError as error:
        raise NotSetUpError("LAKE_ROOT and LAKE_INBOX are not both set") from error


def _names(kind: type[Any]) -> list[str]:
    return [field.name for field in fields(kind)]


def _rows(
    lake: Lake, table: Table, columns: Sequence[str], retrain_id: str | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a table, or of one retrain; none if the table does not exist yet."""
    if not lake.exists(table):
        return []
    equals = None if retrain_id is None else {"retrain_id": retrain_id}
    rows: list[dict[str, Any]] = lake.read(table, columns=columns, equals=equals).to_pylist()
    return rows
