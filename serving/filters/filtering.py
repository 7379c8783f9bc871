"""A filter, bound to a data set's catalogue: for items in memory, and as SQL."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import assert_never

import numpy as np
from sqlalchemy import Connection, text

from serving.catalogue_changes.availability import unavailable_ids
from serving.errors import NoReleaseError, RequestRefusedError
from serving.filters import parsing
from serving.filters.columns import Columns, Mask
from serving.filters.fields import Compared, Fields
from serving.filters.parsing import Available, Comparison, Expression, Joined, Not

_ABOUT = text("select attributes, categories from about")
_COLUMNS = {"category": "categories", "vendor": "vendor", "released": "released"}

Evaluation = Callable[[Columns], Mask]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter whose fields were checked. `text` is the filter as it was sent.

    `unavailable` has the ids of unavailable items if the filter contains `available`. `evaluate`
    returns which items of a catalogue pass, and `sql` is the same condition. Two filters are equal
    if their `text` and `unavailable` are equal: masks are cached by them.
    """

    text: str
    unavailable: frozenset[str] | None
    evaluate: Evaluation = field(compare=False)
    sql: str = field(compare=False)
    parameters: dict[str, float | str] = field(compare=False)


def bind(connection: Connection, *sent: str, is_tolerant: bool = False) -> Filter:
    """Return the filter that a text describes, or several of which all hold, for the data set.

    `is_tolerant` is for a stored filter: what it names and the data set no longer has counts as
    missing from all items.

    Raises:
        FilterRefusedError: the text is not a filter; the message names the position.
        UnknownAttributeError, UnknownCategoryError: it names what the data set does not have.
        NoReleaseError: the data set has no release yet.
    """
    expressions = tuple(map(parsing.parse, sent))
    expression = expressions[0] if len(sent) == 1 else Joined("and", expressions)
    about = connection.execute(_ABOUT).one_or_none()
    if about is None:
        raise NoReleaseError
    binding = _Binding(
        Fields(about.attributes, frozenset(about.categories), is_tolerant), connection
    )
    evaluate = binding.evaluation(expression)
    sql = binding.sql(expression)
    name = sent[0] if len(sent) == 1 else " and ".join(f"({one_text})" for one_text in sent)
    return Filter(name, binding.unavailable, evaluate, sql, binding.parameters)


def checked(connection: Connection, sent: str, path: str) -> Filter:
    """Return a filter that is to be stored; `path` is where the request has it.

    Raises: as `bind`; the message has the path.
    """
    try:
        return bind(connection, sent)
    except RequestRefusedError as error:
        raise type(error)(path + str(error).removeprefix("filter")) from error


@dataclass(slots=True)
class _Binding:
    """Makes the evaluation in memory and the SQL of one filter."""

    fields: Fields
    connection: Connection
    parameters: dict[str, float | str] = field(default_factory=dict)
    unavailable: frozenset[str] | None = None

    def evaluation(self, expression: Expression) -> Evaluation:
        match expression:
            case Comparison():
                compared = self.fields.compared(expression)
                return lambda columns: columns.meeting(compared)
            case Available():
                unavailable = self._unavailable()
                return lambda columns: ~columns.among(unavailable)
            case Not(part):
                inner = self.evaluation(part)
                return lambda columns: ~inner(columns)
            case Joined(word, parts):
                inners = [self.evaluation(part) for part in parts]
                join = np.logical_and if word == "and" else np.logical_or
                return lambda columns: reduce(join, (inner(columns) for inner in inners))
            case _:
                assert_never(expression)

    def sql(self, expression: Expression) -> str:
        """Return the condition over a row of `items`, never null."""
        match expression:
            case Comparison():
                return self._compared_sql(self.fields.compared(expression))
            case Available():
                return (
                    "not exists (select from unavailable_items as missing"
                    " where missing.item_id = items.item_id)"
                )
            case Not(part):
                return f"not {self.sql(part)}"
            case Joined(word, parts):
                return f"({f' {word} '.join(self.sql(part) for part in parts)})"
            case _:
                assert_never(expression)

    def _compared_sql(self, compared: Compared) -> str:
        value = self._parameter(compared.value)
        operator = "=" if compared.operator in ("==", "!=") else compared.operator
        if not compared.is_attribute:
            column = _COLUMNS[compared.name]
            holds = f"{column} {operator} {value}"
            if compared.type == "list":
                holds = f"{column} @> array[cast({value} as text)]"
        else:
            holds = _attribute_sql(compared, self._parameter(compared.name), operator, value)
        is_opposite = compared.operator == "!="
        return f"{'not ' if is_opposite else ''}coalesce({holds}, false)"

    def _parameter(self, value: float | str) -> str:
        name = f"filter_{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def _unavailable(self) -> frozenset[str]:
        if self.unavailable is None:
            self.unavailable = unavailable_ids(self.connection)
        return self.unavailable


def _attribute_sql(compared: Compared, name: str, operator: str, value: str) -> str:
    stored = f"attributes ->> cast({name} as text)"
    match compared.type:
        case "number":
            is_number = f"jsonb_typeof(attributes -> cast({name} as text)) = 'number'"
            number = f"cast({stored} as double precision)"
            return f"case when {is_number} then {number} {operator} {value} end"
        case "time":
            is_time, at = (
                f"pg_input_is_valid({stored}, 'timestamptz')",
                f"cast({value} as timestamptz)",
            )
            return f"case when {is_time} then cast({stored} as timestamptz) {operator} {at} end"
        case "list":
            return f"jsonb_exists(attributes -> cast({name} as text), {value})"
        case _:
            return f"{stored} = {value}"
