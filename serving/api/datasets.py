"""The data sets that this process serves, and whether their schemas match this code."""

from collections.abc import Collection
from contextlib import AbstractContextManager

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from serving import catalogue
from serving.api.expiring_cache import ExpiringCache
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
    """The data sets of one database. Engines live from first use until the schema is dropped."""

    def __init__(self, url: str, settings: ApiSettings) -> None:
        self._url = url
        self._settings = settings
        self._head = database.head()
        self._overview = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            pool_pre_ping=True,
            connect_args={"connect_timeout": 3},
            hide_parameters=True,
        )
        self._engines: dict[tuple[str, bool], Engine] = {}
        self._abouts = ExpiringCache[About](settings.schema_check_seconds)
        self._versions = ExpiringCache[dict[str, str]](settings.schema_check_seconds)

    def connection(self, dataset: str) -> Connection:
        """Open a connection for single statements on a data set.

        Raises:
            UnknownDatasetError: it is not served here.
            SchemaUnknownError: its schema is older or newer than this code.
        """
        return self._engine(dataset, autocommit=True).connect()

    def transaction(self, dataset: str) -> AbstractContextManager[Connection]:
        """Open a transaction on a data set; it commits at the end unless an error is raised.

        Raises: see `connection`.
        """
        return self._engine(dataset, autocommit=False).begin()

    def about(self, connection: Connection, dataset: str) -> About:
        """Return a data set's description, cached for as long as its schema version.

        Raises:
            NoReleaseError: the data set has no release yet.
        """
        return self._abouts.get(dataset, lambda: catalogue.about(connection))

    def names(self) -> list[str]:
        """Return the names of the data sets that are served, sorted."""
        return list(self._current_versions())

    def readiness(self, dataset: str) -> Readiness:
        """Return whether a data set can be served; not ready if the database is down.

        Raises:
            UnknownDatasetError: it is not served here.
        """
        ready, answers, version, live = False, True, None, None
        try:
            version = self._version(dataset)
            with self.connection(dataset) as connection:
                live = connection.scalar(text("select release_id from live_release"))
            ready = True
            detail = "No release yet." if live is None else f"Release {live} is live."
        except SchemaUnknownError as error:
            detail = str(error)
        except SQLAlchemyError:
            answers, detail = False, "Postgres does not answer."
        return Readiness(
            ready=ready, database=answers, schema_version=version, live_release=live, detail=detail
        )

    def overview(self) -> AllReadiness:
        """Return whether every data set can be served; not ready while there is none."""
        try:
            datasets = {name: self.readiness(name) for name in self.names()}
        except SQLAlchemyError:
            return AllReadiness(ready=False, detail="Postgres does not answer.", datasets={})
        not_ready = [name for name, readiness in datasets.items() if not readiness.ready]
        if not datasets:
            detail = "There is no schema of a data set."
        elif not_ready:
            detail = f"Not ready: {', '.join(not_ready)}."
        else:
            detail = "All data sets are ready."
        return AllReadiness(
            ready=bool(datasets) and not not_ready, detail=detail, datasets=datasets
        )

    def close(self) -> None:
        """Close all connections."""
        for engine in (self._overview, *self._engines.values()):
            engine.dispose()

    def _engine(self, dataset: str, *, autocommit: bool) -> Engine:
        version = self._version(dataset)
        if version != self._head:
            raise SchemaUnknownError(
                f"The schema of {dataset!r} is at {version}; this API needs {self._head}."
            )
        if (dataset, autocommit) not in self._engines:
            self._engines[dataset, autocommit] = database.connect(
                self._url,
                dataset,
                autocommit=autocommit,
                pool_size=self._settings.pool_size,
                statement_timeout_ms=self._settings.statement_timeout_ms,
            )
        return self._engines[dataset, autocommit]

    def _version(self, dataset: str) -> str:
        version = self._current_versions().get(dataset)
        if version is None:
            raise UnknownDatasetError(f"No data set {dataset!r} is served here.")
        return version

    def _current_versions(self) -> dict[str, str]:
        return self._versions.get(None, self._read_versions)

    def _read_versions(self) -> dict[str, str]:
        selected = set(self._settings.datasets)
        with self._overview.connect() as connection:
            schemas = connection.scalars(_SCHEMAS).all()
            self._close_others(schemas)
            return {
                name: connection.scalar(
                    text(f'select version_num from "{database.schema_name(name)}".alembic_version')  # noqa: S608 # a checked name
                )
                or "none"
                for name in schemas
                if not selected or name in selected
            }

    def _close_others(self, schemas: Collection[str]) -> None:
        """Close the connections to data sets whose schema is gone."""
        gone = [key for key in self._engines.copy() if key[0] not in schemas]
        for key in gone:
            if (engine := self._engines.pop(key, None)) is not None:
                engine.dispose()
