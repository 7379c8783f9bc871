"""Every Delta table: its layer, its columns, its key.

This package is the shared vocabulary. It imports no engine (no Spark, no SQLAlchemy), so a DAG
can read it at parse time. `tests/warehouse/test_tables.py` checks its rules.
"""

from warehouse.tables import backtesting, bronze, erasing, evidence, maintenance, served, silver
from warehouse.tables.backtesting import GOLD_BACKTEST_PLANS, GOLD_BACKTESTS
from warehouse.tables.base import PROPERTIES, Table
from warehouse.tables.bronze import (
    BRONZE,
    BRONZE_CATEGORIES,
    BRONZE_COLLECTIONS,
    BRONZE_EVENTS,
    BRONZE_FEEDBACK,
    BRONZE_ITEM_CHANGES,
    BRONZE_ITEMS,
    BRONZE_LANDINGS,
    BRONZE_QUARANTINE_DECISIONS,
    BRONZE_RATINGS,
    BRONZE_USER_CHANGES,
    BRONZE_USERS,
    OF_API,
)
from warehouse.tables.erasing import BRONZE_ERASURES, GOLD_ERASED_ROWS, GOLD_PURGES
from warehouse.tables.evidence import (
    GOLD_FREEZES,
    GOLD_MODEL_METRICS,
    GOLD_NOMINATIONS,
    GOLD_SAMPLE_LISTS,
    GOLD_SEARCHES,
    GOLD_TRIALS,
    GOLD_USER_METRICS,
    GOLD_VERDICTS,
    GOLD_WINDOW_LISTS,
)
from warehouse.tables.maintenance import GOLD_MAINTENANCE
from warehouse.tables.served import (
    GOLD_CONTENT_WEIGHTS,
    GOLD_FALLBACK_LISTS,
    GOLD_FITS,
    GOLD_ITEM_FACTORS,
    GOLD_PROFILES,
    GOLD_RECOMMENDATIONS,
    GOLD_SIMILAR_ITEMS,
    GOLD_TAKEN_TOGETHER,
)
from warehouse.tables.silver import (
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_ITEM_INDEX,
    SILVER_ITEMS,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
    SILVER_USER_INDEX,
    SILVER_USERS,
)

_MODULES = (bronze, silver, evidence, backtesting, served, erasing, maintenance)
TABLES = tuple(t for m in _MODULES for t in vars(m).values() if isinstance(t, Table))
BY_NAME = {table.full_name: table for table in TABLES}
