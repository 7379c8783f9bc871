"""A filter of a request, bound to a data set's catalogue: for items in memory, and as SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from sqlalchemy import Connection, text

from serving.errors import NoReleaseError
from serving.filters import parsing
from serving.filters.fields import Compared, Fields, Test, is_one_of
from serving.filters.parsing import Available, Comparison, Expression, Joined, Not
from serving.items import CatalogueItem

_ABOUT = text("select attributes, categories from about")
_UNAVAILABLE = text("select item_id from unavailable_items")
_COLUMNS = {"category": "categories", "vendor": "vendor", "released": "released"}

Values = Mapping[str, Any]
Predicate = Callable[[CatalogueItem, Values], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter whose fields were checked. `text` is the filter as it was sent.

    `unavailable` has the ids of unavailable items if the filter contains `available`. Two filters
    are equal if their `text` and `unavailable` are equal: masks are cached by them.
    """

    text: str
    unavailable: frozenset[str] | None
    predicate: Predicate = field(compare=False)
    sql: str = field(compare=False)
    parameters: dict[str, float | str] = field(compare=False)

    def keeps(self, item: CatalogueItem, attributes: Values) -> bool:
        """Return whether an item passes."""
        return self.predicate(item, attributes)


def bind(connection: Connection, *sent: str) -> Filter:
    """Return the filter that a text describes, or several of which all hold, for the data set.

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
    binding = _Binding(Fields(about.attributes, frozenset(about.categories)), connection)
    predicate = binding.predicate(expression)
    sql = binding.sql(expression)
    name = sent[0] if len(sent) == 1 else " and ".join(f"({text})" for text in sent)
    return Filter(name, binding.unavailable, predicate, sql, binding.parameters)


@dataclass(slots=True)
class _Binding:
    """Makes the predicate and the SQL of one filter."""

    fields: Fields
    connection: Connection
    parameters: dict[str, float | str] = field(default_factory=dict)
    unavailable: frozenset[str] | None = None

    def predicate(self, expression: Expression) -> Predicate:
        match expression:
            case Comparison():
                compared = self.fields.compared(expression)
                return _testing(compared, compared.test())
            case Available():
                unavailable = self._unavailable()
                return lambda item, _: item.item_id not in unavailable
            case Not(part):
                inner = self.predicate(part)
                return lambda item, values: not inner(item, values)
            case Joined("or", parts) if options := _options(parts):
                of_field = [self.fields.compared(option) for option in options]
                return _testing(of_field[0], is_one_of(of_field))
            case Joined(word, parts):
                inners = [self.predicate(part) for part in parts]
                join = all if word == "and" else any
                return lambda item, values: join(inner(item, values) for inner in inners)
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
            self.unavailable = frozenset(self.connection.scalars(_UNAVAILABLE))
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


def _options(parts: Sequence[Expression]) -> list[Comparison]:
    """Return the parts if they are several `==` of the same field, as of `in`; else nothing."""
    options = [part for part in parts if isinstance(part, Comparison) and part.operator == "=="]
    names = {option.name for option in options}
    return options if len(options) == len(parts) and len(names) == 1 else []


def _testing(compared: Compared, test: Test) -> Predicate:
    """Return the predicate that tests the value of the comparison's field."""
    name = compared.name
    if compared.is_attribute:
        return lambda _, values: test(values.get(name))
    match name:
        case "category":
            return lambda item, _: test(item.categories)
        case "vendor":
            return lambda item, _: test(item.vendor)
        case _:
            return lambda item, _: test(item.released)
