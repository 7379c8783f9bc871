"""Reads a statement before it runs: it must be one SELECT over tables of the lake.

DuckDB's own parser gives the tree that is examined here, so this check and DuckDB cannot read a
text differently. Functions that return tables are refused unless they are listed: most of the
others read files, settings or memory.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.errors import QueryRefusedError
from warehouse.sql import names
from warehouse.sql.names import NamedTable

MAX_LENGTH = 100_000  # characters
TABLE_FUNCTIONS = frozenset(
    {"generate_series", "generate_subscripts", "json_each", "json_tree", "range", "unnest"}
)
# Scalar functions that read settings and variables, write logs, wait, or parse SQL again.
REFUSED_FUNCTIONS = frozenset(
    {
        *("current_setting", "getenv", "getvariable", "write_log", "parse_duckdb_log_message"),
        *("sleep_ms", "pg_sleep", "currval", "nextval", "setval"),
        *("json_deserialize_sql", "json_execute_serialized_sql", "json_serialize_plan"),
    }
)
_QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
# The views of DuckDB that a query can name without their schema.
_OWN_VIEWS = "select view_name from duckdb_views() where schema_name in ('main', 'pg_catalog')"
_ONLY_SELECT = "only SELECT is allowed: a query reads the lake, and changes nothing"
_PIVOT = "write the values of PIVOT into the query: PIVOT … ON kind IN ('view', 'purchase')"
Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Select:
    """A statement that only reads, and the tables that it names.

    `shows_tables`: it is `show tables`, which the engine answers itself.
    """

    text: str
    tables: frozenset[NamedTable]
    shows_tables: bool = False


def parse(connection: duckdb.DuckDBPyConnection, text: str) -> Select:
    """Return the statement.

    Raises:
        QueryRefusedError: it is not one SELECT, or reads something else than tables of the lake.
        duckdb.Error: the text is no SQL.
    """
    if len(text) > MAX_LENGTH:
        raise QueryRefusedError(f"the query has more than {MAX_LENGTH:,} characters")
    if "\0" in text:
        raise QueryRefusedError("the query has a NUL character")
    statements = connection.extract_statements(text)
    if len(statements) != 1:
        count = f"the text has {len(statements)} statements" if statements else "the query is empty"
        raise QueryRefusedError(f"{count}: write one SELECT")
    _check_type(statements[0].type)
    tree = _tree(connection, text)
    nodes = list(_nodes(tree))
    for node in nodes:
        _check(node)
    if any(node.get("type") == "SHOW_REF" and node.get("query") is None for node in nodes):
        return _show_tables(tree)
    own = {str(entry["key"]).lower() for node in nodes for entry in _named_queries(node)}
    paths = {
        tuple(node["qualified_name"]["path"]) for node in nodes if node.get("type") == "BASE_TABLE"
    }
    if own:
        _check_own_names(connection, own)
    return Select(text, frozenset(filter(None, (_table(path, own) for path in paths))))


def _check_type(kind: duckdb.StatementType) -> None:
    if kind == duckdb.StatementType.MULTI:
        raise QueryRefusedError(_PIVOT)
    if kind != duckdb.StatementType.SELECT:
        raise QueryRefusedError(f"{kind.name.replace('_', ' ')}: {_ONLY_SELECT}")


def _tree(connection: duckdb.DuckDBPyConnection, text: str) -> Node:
    [(serialized,)] = connection.execute("select json_serialize_sql(?)", [text]).fetchall()
    try:
        tree: Node = json.loads(serialized)
    except RecursionError as error:
        raise QueryRefusedError("the query is nested too deeply") from error
    if tree["error"]:
        raise QueryRefusedError(_ONLY_SELECT)
    return tree


def _nodes(tree: Node) -> Iterator[Node]:
    """Yield every object of the tree."""
    waiting: list[Any] = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _check(node: Node) -> None:
    """Raise QueryRefusedError if this part of a statement does anything but read tables."""
    kind, function = str(node.get("type")), str(node.get("function_name", "")).lower()
    if kind.endswith("_NODE") and kind not in _QUERIES:
        raise QueryRefusedError(f"{kind.partition('_')[0]}: {_ONLY_SELECT}")
    if kind == "TABLE_FUNCTION":
        _check_table_function(str(node["function"].get("function_name", "")).lower())
    if function in REFUSED_FUNCTIONS:
        raise QueryRefusedError(f"the function {function} is not available: it reads no table")
    if node.get("at_clause"):
        raise QueryRefusedError(
            'write the version into the quoted name, as in "silver.items@12", instead of AT'
        )


def _check_table_function(function: str) -> None:
    if function not in TABLE_FUNCTIONS:
        raise QueryRefusedError(
            f"the function {function} is not available: a query reads tables of the lake only, no "
            f"files, settings or secrets. In FROM you can use {', '.join(sorted(TABLE_FUNCTIONS))}"
        )


def _named_queries(node: Node) -> list[Node]:
    """Return the entries of a WITH clause."""
    clause = node.get("cte_map")
    return list(clause["map"]) if isinstance(clause, dict) else []


def _check_own_names(connection: duckdb.DuckDBPyConnection, own: set[str]) -> None:
    """Raise QueryRefusedError if a WITH clause has the name of one of DuckDB's own views.

    Outside the part of the query that the clause belongs to, the name would be that view.
    """
    views = {str(name).lower() for (name,) in connection.execute(_OWN_VIEWS).fetchall()}
    if taken := own & views:
        raise QueryRefusedError(f"DuckDB has the name {min(taken)!r}: choose another one in WITH")


def _table(path: tuple[str, ...], own: set[str]) -> NamedTable | None:
    """Return the table with this name; None if it is a name of the query's own WITH clause.

    Such a name is one part. With more parts it names something in a schema.
    """
    named = names.find(path)
    if named is None and (len(path) > 1 or path[0].lower() not in own):
        raise names.unknown(path)
    return named


def _show_tables(tree: Node) -> Select:
    source = tree["statements"][0]["node"].get("from_table", {})
    if source.get("type") != "SHOW_REF" or str(source.get("table_name")).strip('"') != "tables":
        raise QueryRefusedError("of SHOW only `show tables` is available, as a query of its own")
    return Select("show tables", frozenset(), shows_tables=True)
