"""Sentences that say which fields of a manifest are not valid, and what to write instead."""

import difflib
import functools
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


def sentences(error: ValidationError, manifest: type[BaseModel]) -> str:
    """Return each problem as `field: cause`; for an unknown field, with the most similar name."""
    return "; ".join(_problem(detail, manifest) for detail in error.errors())


def _problem(detail: ErrorDetails, manifest: type[BaseModel]) -> str:
    *path, last = map(str, detail["loc"]) if detail["loc"] else ("",)
    where = ".".join((*path, last))
    match detail["type"]:
        case "extra_forbidden":
            section = functools.reduce(_field_type, path, manifest)
            near = difflib.get_close_matches(last, section.model_fields, n=1)
            hint = f"did you mean `{near[0]}`?" if near else "docs/datasets.md has all fields"
            return f"{where}: unknown field; {hint}"
        case "missing":
            return f"{where}: this field is missing"
        case "literal_error" if detail["input"] == "tsv" and last == "format":
            return f'{where}: for tab-separated files use `format = "csv"`, `separator = "\\t"`'
        case "string_pattern_mismatch" if where == "name":
            return (
                f"{detail['input']}: rename the file: its name must begin with a letter, and "
                "may have small letters, digits and _"
            )
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            return f"{where}: {message}" if where else message


def _field_type(section: type[BaseModel], name: str) -> type[BaseModel]:
    """Return the section of a section's field; the section itself for a key or a position."""
    if name not in section.model_fields:
        return section
    annotation = section.model_fields[name].annotation
    types = (annotation, *get_args(annotation))
    return next((x for x in types if isinstance(x, type) and issubclass(x, BaseModel)), section)
