"""The fields of pydantic models, as cells of Markdown tables."""

from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from ops.settings import ROOT


def row(name: str, field: FieldInfo, *more: str) -> str:
    """Return a line of a table: name, type, default, `more` cells, description."""
    value = default(field)
    shown = "required" if field.is_required() else f"`{value}`" if value else ""
    cells = (f"`{name}`", type_name(field.annotation), shown, *more, field.description or "")
    return f"| {' | '.join(map(cell, cells))} |"


def type_name(annotation: Any) -> str:
    """Return the type in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{_literal(value)}`" if value != "" else '`""`' for value in inner)
    if origin is Annotated:
        return type_name(inner[0])
    if origin in {Union, UnionType}:
        return " or ".join(type_name(x) for x in inner if x is not NoneType)
    if origin in {tuple, dict}:
        return {tuple: "list", dict: "table"}[origin]
    names = {"str": "text", "int": "number", "float": "number", "bool": "`true` or `false`"}
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, {"Path": "path", "SecretStr": "secret"}.get(name, name))


def default(field: FieldInfo) -> str:
    """Return the default as text; empty if there is none."""
    value = field.get_default(call_default_factory=True)
    if field.is_required() or value is None or value in ((), {}):
        return ""
    if isinstance(value, Path):
        inside = value.is_absolute() and value.is_relative_to(ROOT)
        return str(value.relative_to(ROOT)) if inside else str(value)
    return _literal(value)


def first_line(documented: type) -> str:
    """Return the first line of the docstring."""
    return (documented.__doc__ or "").strip().splitlines()[0]


def cell(text: str) -> str:
    """Return the text as a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
