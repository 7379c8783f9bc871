"""What the change of one item costs the next reader of a process of the API.

`python -m benchmarks.changed_item --items 100000` prints the CPU time of reads without and after a
change, in one run.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

from sqlalchemy import Connection, text

from benchmarks.placements import DATASET, prepare
from serving.filters import filtering
from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.releases.cache import ReleaseCache
from serving.placements import answers
from serving.placements.answers import PlacementRequest
from serving.storage import database
from tests.support.serving.server import as_role, create_database, temporary_server

FILTER = "released >= 1990 and released < 2010"
_IDS = text("select item_id from items order by item_id limit 5")
_REVISION = text("update slate set revision = revision + 1 returning revision")
_TITLE = text("update items set title = :title, revision = :revision where item_id = :item_id")


def main() -> None:
    """Print the milliseconds of CPU of each kind of read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with temporary_server({"max_connections": "50"}) as server:
        owner = create_database(server.url("postgres"), DATASET)
        prepare(owner, options.items)
        writer = database.connect(owner, DATASET, autocommit=True)
        reader = database.connect(as_role(owner, "api"), DATASET, autocommit=True)
        with writer.connect() as writing, reader.connect() as reading:
            item_ids = writing.scalars(_IDS).all()
            for name, read in _reads(reading, ReleaseCache()).items():
                read()
                unchanged = [_cpu_ms(read) for _ in range(options.rounds)]
                changed = []
                for turn in range(options.rounds):
                    _change(writing, item_ids[turn % len(item_ids)], f"Title {turn}")
                    changed.append(_cpu_ms(read))
                print(
                    f"{name:22} {median(unchanged):6.1f} ms, after a change {median(changed):6.1f}"
                )
        for engine in (writer, reader):
            engine.dispose()


def _reads(connection: Connection, cache: ReleaseCache) -> dict[str, Callable[[], object]]:
    def listed(user_id: str, sent: str | None = None) -> object:
        filtered_by = None if sent is None else filtering.bind(connection, sent)
        request = ListRequest(filtered_by=filtered_by)
        return recommendations.for_user(connection, cache, user_id, request)

    return {
        "precomputed list": lambda: listed("old-1"),
        "list computed online": lambda: listed("new-1"),
        "list with a filter": lambda: listed("old-1", FILTER),
        "placement": lambda: answers.answer(connection, cache, "home", PlacementRequest("old-1")),
    }


def _change(connection: Connection, item_id: str, title: str) -> None:
    revision = connection.scalar(_REVISION)
    connection.execute(_TITLE, {"item_id": item_id, "title": title, "revision": revision})


def _cpu_ms(read: Callable[[], object]) -> float:
    started = time.process_time()
    read()
    return 1000 * (time.process_time() - started)


if __name__ == "__main__":
    main()
