"""The file that records who queried what on the page Explore.

The log of the app is rotated by its size, so a client that fills it deletes older lines. This file
has the queries alone, and is kept by the day.
"""

import logging
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path

from dashboards.settings import QUERY_LOG_DAYS

LOGGER = "dashboards.console.explore.outcome"
LINE = "%(asctime)s %(message)s"


def keep_in(file: Path) -> logging.Handler:
    """Write the queries to this file from now on, and no longer to the log of the app.

    Raises:
        OSError: the file cannot be written. The lake must not be queried then.
    """
    handler = TimedRotatingFileHandler(
        file, when="midnight", utc=True, backupCount=QUERY_LOG_DAYS, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter(LINE))
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    logger.propagate = False
    return handler
