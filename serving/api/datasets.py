"""Which data sets this process serves, and whether it knows their schemas."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from serving import catalogue
from serving.api.settings import ApiSettings
from serving.errors import SchemaUnknownError, UnknownDatasetError
from serving.schemas import About, AllReadiness, Readiness
from serving.storage import database

_SCHEMAS = text(
    "select nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
    " where relname = 'live_release' and relkind = 'r'"
    " and has_schema_privilege(relnamespace, 'usage')"
    " and has_table_privilege(pg_class.oid, 'select') order by nspname"
)


class Datasets:
    """The data sets of one database. Engines are made when they are first needed."""

    def __init__(self, url: str, settings: ApiSettings) -> None:
        self._url = url
        self._settings = settings
        self._head = database.head()
        self._overview = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            pool_pre_ping=True,
            connect_args={"connect_timeout": 3},
        )
        self._readers: dict[str, Engine] = {}
        self._writers: dict[str, Engine] = {}
        self._abouts: dict[str, tuple[float, About]] = {}
        self._versions: dict[str, str] = {}
        self._looked_at = float("-inf")

    @contextmanager
    def connection(self, dataset: str) -> Iterator[Connection]:
        """Open a connection for single statements on a data set.

        Raises:
            UnknownDatasetError: it is not served here.
            SchemaUnknownError: its schema is older or newer than this code.
        """
        self._must_fit(dataset)
        with self._reader(dataset).connect() as connection:
            yield connection

    @contextmanager
    def transaction(self, dataset: str) -> Iterator[Connection]:
        """Open a transaction on a data set; it is committed at the end, unless an error ends it.

        Raises:
            UnknownDatasetError: it is not served here.
            SchemaUnknownError: its schema is older or newer than this code.
        """
        self._must_fit(dataset)
        with self._writer(dataset).begin() as connection:
            yield connection

    def about(self, connection: Connection, dataset: str) -> About:
        """Return what a data set says of itself, remembered for as long as its schema.

        Raises:
            NoReleaseError: nothing was released yet.
        """
        until, remembered = self._abouts.get(dataset, (float("-inf"), None))
        now = time.monotonic()
        if remembered is None or now >= until:
            remembered = catalogue.about(connection)
            self._abouts[dataset] = (now + self._settings.schema_check_seconds, remembered)
        return remembered

    def names(self) -> list[str]:
        """Return the names of all that is served, in order."""
        return list(self._refreshed())

    def readiness(self, dataset: str) -> Readiness:
        """Return whether a data set can be served; red, not an error, if the database is down.

        Raises:
            UnknownDatasetError: it is not served here.
        """
        version = None
        try:
            version = self._known(dataset)
            with self.connection(dataset) as connection:
                live = connection.scalar(text("select release_id from live_release"))
        except SchemaUnknownError as error:
            return self._red(str(error), database=True, version=version)
        except SQLAlchemyError:
            return self._red("Postgres does not answer.", database=False, version=version)
        return Readiness(
            ready=True,
            database=True,
            schema_version=version,
            live_release=live,
            detail="Nothing was released yet." if live is None else f"Release {live} is live.",
        )

    def overview(self) -> AllReadiness:
        """Return whether all that is served can be served; red while there is nothing to serve."""
        try:
            found = {name: self.readiness(name) for name in self.names()}
        except SQLAlchemyError:
            return AllReadiness(ready=False, detail="Postgres does not answer.", datasets={})
        red = [name for name, readiness in found.items() if not readiness.ready]
        detail = f"Not ready: {', '.join(red)}." if red else "All data sets are ready."
        return AllReadiness(
            ready=bool(found) and not red,
            detail=detail if found else "No data set's schema is there.",
            datasets=found,
        )

    def close(self) -> None:
        """Close all connections."""
        for engine in (self._overview, *self._readers.values(), *self._writers.values()):
            engine.dispose()

    def _must_fit(self, dataset: str) -> None:
        version = self._known(dataset)
        if version != self._head:
            raise SchemaUnknownError(
                f"The schema of {dataset!r} is at {version}; this API knows {self._head}."
            )

    def _known(self, dataset: str) -> str:
        version = self._refreshed().get(dataset)
        if version is None:
            raise UnknownDatasetError(f"No data set {dataset!r} is served here.")
        return version

    def _refreshed(self) -> dict[str, str]:
        now = time.monotonic()
        if now - self._looked_at >= self._settings.schema_check_seconds:
            self._versions = self._look()
            self._looked_at = now
        return self._versions

    def _look(self) -> dict[str, str]:
        wanted = set(self._settings.datasets)
        with self._overview.connect() as connection:
            found = connection.scalars(_SCHEMAS).all()
            return {
                name: connection.scalar(
                    text(f'select version_num from "{database.schema_name(name)}".alembic_version')  # noqa: S608 # a checked name
                )
                or "none"
                for name in found
                if not wanted or name in wanted
            }

    def _reader(self, dataset: str) -> Engine:
        if dataset not in self._readers:
            self._readers[dataset] = self._connect(dataset, autocommit=True)
        return self._readers[dataset]

    def _writer(self, dataset: str) -> Engine:
        if dataset not in self._writers:
            self._writers[dataset] = self._connect(dataset, autocommit=False)
        return self._writers[dataset]

    def _connect(self, dataset: str, *, autocommit: bool) -> Engine:
        return database.connect(
            self._url,
            dataset,
            autocommit=autocommit,
            pool_size=self._settings.pool_size,
            statement_timeout_ms=self._settings.statement_timeout_ms,
        )

    @staticmethod
    def _red(detail: str, *, database: bool, version: str | None) -> Readiness:
        return Readiness(
            ready=False,
            database=database,
            schema_version=version,
            live_release=None,
            detail=detail,
        )
