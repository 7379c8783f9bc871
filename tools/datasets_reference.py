"""Generate docs/datasets.md: the guide beside this file, and every field of a manifest."""

import tomllib
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from tools import fields
from tools.dag_reference import NOTE
from warehouse.datasets import Dataset
from warehouse.manifests.sources import Files

GUIDE = Path(__file__).with_name("datasets_guide.md")
EXAMPLES = Path(__file__).with_name("field_examples.toml")
_HEAD = ["| field | type | default | example | what it says |", "|---|---|---|---|---|"]
_TITLES = {"": "Top level", "events": "[[events]]", "kinds": "[kinds.NAME]"}


def render() -> str:
    """Return docs/datasets.md."""
    lines = [NOTE, "# Data sets\n", GUIDE.read_text(), *_table(Files, {})]
    for path, model in sections(Dataset):
        shared = Files.model_fields if issubclass(model, Files) else {}
        lines += [f"## {_TITLES.get(path, f'[{path}]')}\n", f"{fields.first_line(model)}\n"]
        lines += _table(model, shared)
    return "\n".join(lines)


def sections(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the model and all nested models, each with its path in the manifest."""
    yield path, model
    for name, field in model.model_fields.items():
        if inner := _model(field.annotation):
            yield from sections(inner, f"{path}.{name}" if path else name)


def examples(model: type[BaseModel]) -> dict[str, Any]:
    """Return the example of each field that has one."""
    tables = tomllib.loads(EXAMPLES.read_text())
    names = [parent.__name__ for parent in model.__mro__]
    return {field: value for name in names for field, value in tables.get(name, {}).items()}


def toml(value: object) -> str:
    """Return the value as TOML in one line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f"'{value}'" if {'"', "\\"} & {*value} else f'"{value}"'
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return f"{{ {', '.join(f'{key} = {toml(x)}' for key, x in value.items())} }}"
        case _:
            return str(value)


def _table(model: type[BaseModel], shared: Container[str]) -> list[str]:
    """Return the table of the model's fields, without `shared` ones and nested models."""
    with_example = examples(model)
    own = ((n, x) for n, x in model.model_fields.items() if n not in shared)
    rows = [
        fields.row(name, field, _example(name, with_example))
        for name, field in own
        if _model(field.annotation) is None
    ]
    return [*_HEAD, *rows, ""]


def _example(name: str, with_example: Mapping[str, Any]) -> str:
    return f"`{name} = {toml(with_example[name])}`" if name in with_example else ""


def _model(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field has: one, a list of them, or one for each name."""
    for inner in (annotation, *get_args(annotation)):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
    return None
