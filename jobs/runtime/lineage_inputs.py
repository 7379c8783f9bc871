"""What each job reads: tables of the lake, tables of Postgres, and the files of the source."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from jobs.erasure.matches import USER_TABLES
from jobs.ingestion import sources
from warehouse.datasets import Dataset
from warehouse.lineage import FROZEN, SERVED
from warehouse.tables import (
    BRONZE,
    BRONZE_ERASURES,
    BRONZE_QUARANTINE_DECISIONS,
    GOLD_BACKTEST_PLANS,
    GOLD_FITS,
    GOLD_FREEZES,
    GOLD_MODEL_METRICS,
    GOLD_NOMINATIONS,
    GOLD_SAMPLE_LISTS,
    GOLD_SEARCHES,
    GOLD_USER_METRICS,
    GOLD_VERDICTS,
    GOLD_WINDOW_LISTS,
    SILVER_EVENTS,
    SILVER_REFINEMENTS,
    Table,
)

_SENT = (*BRONZE.values(), BRONZE_QUARANTINE_DECISIONS, BRONZE_ERASURES)
_METRICS = (GOLD_MODEL_METRICS, GOLD_USER_METRICS, GOLD_WINDOW_LISTS)
READ_FROZEN = ("search", "evaluate", "fit")  # jobs that read the versions in `gold.freezes`
READS: dict[str, Sequence[Table]] = {
    "refine": _SENT,
    "announce": (SILVER_REFINEMENTS, GOLD_FREEZES),
    "freeze": (*_SENT, *FROZEN),
    "search": (GOLD_NOMINATIONS,),
    "evaluate": (GOLD_NOMINATIONS, GOLD_SEARCHES),
    "decide": (GOLD_NOMINATIONS, GOLD_SEARCHES, GOLD_FREEZES, *_METRICS),
    "summarize": (GOLD_VERDICTS, GOLD_SAMPLE_LISTS),
    "fit": (GOLD_VERDICTS,),
    "publish": (GOLD_NOMINATIONS, GOLD_VERDICTS, GOLD_FITS, *SERVED),
    "plan": (SILVER_EVENTS,),
    "backtest": (GOLD_BACKTEST_PLANS, *FROZEN),
    "erase": (BRONZE_ERASURES, *USER_TABLES),
}
READS_IN_POSTGRES = {
    "collect": "outbox",
    "settle": "quarantine_decisions",
    "nominate": "releases",
    "plan": "releases",
    "erase": "erasures",
}


def source_names(dataset: Dataset, inbox: str, files: Sequence[str]) -> list[tuple[str, str]]:
    """Return the namespace and the name of each source file, or of the archive that has them."""
    if not files:
        return []
    source = dataset.source
    if source.kind == "kafka":
        return [(f"kafka://{source.servers}", topic) for topic in sorted(files)]
    if source.kind == "archive":
        return [named(source.url or _archive(dataset, inbox))]
    folder = inbox if source.url is None else source.url.rstrip("/")
    return [named(f"{folder}/{file}") for file in sorted(files)]


def _archive(dataset: Dataset, inbox: str) -> str:
    """Return the path of the archive in a local inbox, or the inbox itself."""
    return inbox if "://" in inbox else str(sources.handed_over(dataset, Path(inbox)) or inbox)


def named(address: str) -> tuple[str, str]:
    """Return the namespace and the name of a path or URL, as OpenLineage's specification says."""
    parts = urlsplit(address)
    if not parts.scheme:
        return "file", address
    return f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/")
