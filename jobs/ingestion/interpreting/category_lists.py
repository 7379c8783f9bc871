"""Lists of categories in files, in the notations of JSON, Python and R, as JSON lists of text.

Such lists are `["a", "b"]`, `['a', 'b']` and `c("a", "b")`. An object in a list becomes its `name`
or `title`. Any other text stays as it is.
"""

import ast
import json
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.interpreting.values import trimmed
from jobs.ingestion.reading.encodings import without_surrogates
from jobs.ingestion.reading.json_values import is_too_deep, parsed

_TRUE = pa.array(["1", "1.0", "true", "t", "yes", "y", "x"])
_LABELS = ("name", "title", "Name", "Title")
_LONGEST = 100_000  # characters of a list that is not JSON


def with_json_lists(texts: pa.Array) -> pa.Array:
    """Return the texts with each list as JSON."""
    encoded = pc.dictionary_encode(texts)
    return _mapped(encoded.dictionary.to_pylist(), encoded.indices)


def with_flags(
    texts: pa.Array | None, flags: Mapping[str, pa.Array], *, separator: str
) -> pa.Array:
    """Return the categories of each row as JSON: those of its text, then those of its flags.

    `flags` has the texts of a column for each category: rows with 1, true, yes or x have it.
    """
    columns = [
        pc.fill_null(pc.is_in(pc.utf8_lower(trimmed(flag)), _TRUE), False)  # noqa: FBT003 # pyarrow has no name for it
        for flag in flags.values()
    ]
    matrix = np.column_stack([column.to_numpy(zero_copy_only=False) for column in columns])
    names = np.array([*flags], dtype=object)
    if texts is not None:
        rows = zip(texts.to_pylist(), matrix, strict=True)
        return pa.array(
            [_dumped([*split_names(text, separator), *names[row]]) for text, row in rows],
            pa.string(),
        )
    distinct, indices = np.unique(matrix, axis=0, return_inverse=True)
    return pa.array([_dumped(names[row]) for row in distinct], pa.string()).take(
        pa.array(indices.reshape(-1))
    )


def split_names(text: str | None, separator: str) -> list[str]:
    """Return the names in the text, a list in any notation or split at the separator."""
    if text is None:
        return []
    values = _listed(text.strip())
    return text.split(separator) if values is None else values


def _mapped(texts: Iterable[str | None], indices: pa.Array) -> pa.Array:
    lists = [text if text is None else _as_json(text) for text in texts]
    return pa.array(lists, pa.string()).take(indices)


def _as_json(text: str) -> str:
    values = _listed(text.strip())
    return text if values is None else _dumped(values)


def _listed(text: str) -> list[str] | None:
    """Return the texts of the list, or None if the text is none."""
    if text.startswith("c(") and text.endswith(")"):
        return _texts(_json(f"[{text[2:-1]}]"))
    if text in ("{}", "character(0)"):
        return []
    if not text.startswith(("[", "{")):
        return None
    values = _json(text)
    return _texts(_literal(text) if values is None else values)


def _json(text: str) -> object:
    try:
        return parsed(text)
    except ValueError:
        return None


def _literal(text: str) -> object:
    if len(text) > _LONGEST:
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    except TypeError:  # such as of `{[1]: 2}`: a list has no hash
        return None
    return None if is_too_deep(value) else value


def _texts(values: object) -> list[str] | None:
    if isinstance(values, dict):
        values = [values] if any(label in values for label in _LABELS) else None
    if not isinstance(values, list | tuple | set):
        return None
    return [_text(value) for value in values if value is not None]


def _text(value: object) -> str:
    if isinstance(value, dict):
        labels = [value[label] for label in _LABELS if value.get(label) is not None]
        value = labels[0] if labels else _dumped(value)
    return value if isinstance(value, str) else _dumped(value)


def _dumped(value: object) -> str:
    plain = value.tolist() if isinstance(value, np.ndarray) else value
    dumped = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), default=str)
    return without_surrogates(dumped)
