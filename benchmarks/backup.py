"""How long a backup of the running platform and its restore take, and whether contents are equal.

    python -m benchmarks.backup

Backs up the platform of the settings (`OPS_VAR`), restores it into a temporary folder, starts
nothing but Postgres there, and compares all rows of both databases' tables and of all tables of the
lake. Tables that programs write all the time (Airflow's heartbeats and logs) may differ, and are
named.
"""

import shutil
import signal
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from deltalake import DeltaTable
from psycopg2 import sql

from ops.backup import backups, lake_copy
from ops.backup.backups import Files
from ops.machine import credentials, postgres
from ops.machine.ports import free
from ops.machine.postgres import Server
from ops.machine.stack import running
from ops.settings import OpsSettings
from tests.support.serving.server import start_server

DATABASES = ("lantern", "airflow")
TABLES = (
    "select schemaname, tablename from pg_tables "
    "where schemaname not in ('pg_catalog', 'information_schema') order by 1, 2"
)


def main() -> int:
    """Back up, restore, compare; return 1 if contents differ."""
    stack = running()
    folder = Path(tempfile.mkdtemp(prefix="lantern-backup-", dir="/var/tmp"))  # /tmp may be small
    folder.chmod(0o711)
    try:
        files = Files(folder / "backup.tar", folder / "secrets.tar")
        before = rows(stack.server), lake_rows(stack.settings.lake)
        begun = time.monotonic()
        backups.back_up(stack.settings, stack.server, files)
        print(
            f"backup: {time.monotonic() - begun:.1f} s, {files.backup.stat().st_size / 1e6:.0f} MB"
        )
        restored, begun = OpsSettings(var=folder / "var"), time.monotonic()
        backups.restore(restored, files)
        print(f"restore: {time.monotonic() - begun:.1f} s")
        password = credentials.of(restored).of("postgres")
        server = Server(postgres.home(restored.folder), free(), password)
        process = start_server(server)
        try:
            after = rows(server), lake_rows(restored.lake)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder)
    return report(*(left | right for left, right in (before, after)))


def report(before: dict[str, str], after: dict[str, str]) -> int:
    """Print which tables differ; return 1 if one of them is ours."""
    differing = [name for name in before | after if before.get(name) != after.get(name)]
    ours = [name for name in differing if not name.startswith("airflow.")]
    print(f"{len(before)} tables, {len(before) - len(differing)} equal; different: {differing}")
    return int(bool(ours))


def rows(server: Server) -> dict[str, str]:
    """Return a digest of the rows of each table of both databases."""
    digests: dict[str, str] = {}
    for database in DATABASES:
        with closing(postgres.connect(server, database)) as connection:
            cursor = connection.cursor()
            cursor.execute(TABLES)
            for schema, table in cursor.fetchall():
                statement = sql.SQL("select count(*), sum(hashtext(t::text)::bigint) from {} t")
                cursor.execute(statement.format(sql.Identifier(schema, table)))
                digests[f"{database}.{schema}.{table}"] = str(cursor.fetchone())
    return digests


def lake_rows(lake: Path) -> dict[str, str]:
    """Return the version and the number of rows of each table of a lake."""
    tables = {path: DeltaTable(str(path)) for path in lake_copy.tables(lake)}
    return {
        f"lake/{path.relative_to(lake)}": f"{table.version()} {table.count()}"
        for path, table in tables.items()
    }


if __name__ == "__main__":
    sys.exit(main())
