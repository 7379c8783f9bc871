"""What the page reads of the lake: small tables, logs of tables, and the quarantine in groups.

Every function raises WarehouseError if a table cannot be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from dashboards.console import lake_data
from dashboards.console.data.landed import LandedFile, landed_files
from warehouse import landings, quarantine
from warehouse.landings import Landing
from warehouse.quarantine import Decision, Group, Sample
from warehouse.tables import BRONZE_LANDINGS, SILVER_QUARANTINE, SILVER_REFINEMENTS

SAMPLES = 8


@st.cache_data(ttl="5s", show_spinner=False)
def files(dataset: str) -> list[LandedFile]:
    """Return all files that were landed, newest first, with what became of their rows."""
    lake = lake_data.of(dataset)
    return landed_files(lake.rows(BRONZE_LANDINGS), lake.rows(SILVER_REFINEMENTS))


@dataclass(frozen=True)
class Quarantined:
    """The rows in quarantine in groups, all landings by id, and when they were read, UTC."""

    groups: tuple[Group, ...]
    landings: Mapping[str, Landing]
    read_at: datetime
    version: int


@st.cache_data(ttl="5s", show_spinner=False)
def quarantined(dataset: str) -> Quarantined:
    """Return the rows in quarantine, in groups."""
    lake, read_at = lake_data.of(dataset), datetime.now(UTC)
    version = lake.version(SILVER_QUARANTINE) if lake.exists(SILVER_QUARANTINE) else -1
    recorded = {landing.landing_id: landing for landing in landings.recorded(lake)}
    return Quarantined(tuple(_groups(dataset, version)), recorded, read_at, version)


@st.cache_data(ttl="10m", max_entries=200, show_spinner=False)
def samples(
    dataset: str,
    version: int,  # noqa: ARG001 # of the cache
    target: str,
    check: str,
    landing_ids: tuple[str, ...],
) -> list[Sample]:
    """Return some rows that fail the check. Another version of the quarantine is read again."""
    lake = lake_data.of(dataset)
    return quarantine.samples(lake, target, check, landing_ids=landing_ids, limit=SAMPLES)


@st.cache_data(ttl="5s", show_spinner=False)
def decisions(dataset: str) -> list[Decision]:
    """Return the decisions on rows in quarantine that are in the lake already."""
    return quarantine.recorded(lake_data.of(dataset))


@st.cache_data(ttl="1h", max_entries=20, show_spinner=False)
def _groups(dataset: str, version: int) -> list[Group]:  # noqa: ARG001 # of the cache
    return quarantine.groups(lake_data.of(dataset))


def clear() -> None:
    """Let the next calls read what an ingest has changed."""
    for question in (files, quarantined, decisions, lake_data.inventories, lake_data.feedback):
        question.clear()
