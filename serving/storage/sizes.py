"""The size of a data set's tables in Postgres."""

from sqlalchemy import Connection, text

from serving.schemas import TableSize

_SIZES = text(
    """
    select relname as name, pg_total_relation_size(oid) as n_bytes,
        greatest(reltuples, 0)::bigint as n_rows
    from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r'
    order by n_bytes desc, name
    """
)


def of_tables(connection: Connection) -> list[TableSize]:
    """Return the tables with their indexes, largest first. Row counts are Postgres' estimates."""
    return [TableSize.model_validate(dict(row)) for row in connection.execute(_SIZES).mappings()]
