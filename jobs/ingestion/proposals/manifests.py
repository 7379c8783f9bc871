"""Write a manifest as TOML, each guessed line with `# guess:` and its reason."""

import json
import re
from collections.abc import Mapping

from jobs.ingestion.delivery.names import is_pattern
from jobs.ingestion.proposals.guesses import Fields, Guess, Value
from jobs.ingestion.proposals.sections import Draft

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ORDER = ("ratings", "events", "items", "categories", "users")
_OTHERS = "files with such names are read too, also those that come later"
_BOTH = [  # kinds of events beside ratings
    "# Ratings beside other events: by default models learn from all of them. For models of the",
    "# ratings alone:",
    "# [training]",
    '# recipe = "als"',
]


def written(draft: Draft, title: str) -> str:
    """Return the text of the manifest."""
    licence = Guess("unknown", "who may use these data, in one sentence")
    top: Fields = {"title": Guess(title, "from the names of the files"), "licence": licence}
    if draft.item_noun is not None:
        top["item_noun"] = draft.item_noun
    blocks = [_lines(top), ["[source]", 'kind = "inbox"']]
    for name, table, fields in sorted(draft.sections, key=lambda section: _ORDER.index(section[0])):
        header = f"[{name}]" if name != "events" else f"[[{name}]]"
        file = Guess(table.file, _OTHERS if is_pattern(table.file) else "")
        blocks.append([header, *_lines({"file": file, **fields}, name)])
    if draft.display:
        blocks.append(["[display]", *_lines(draft.display)])
    if draft.scale:
        blocks.append(["[scale]", *_lines(draft.scale)])
    for kind, fields in sorted(draft.kinds.items(), key=_weight):
        blocks.append([f"[kinds.{_key(kind)}]", *_lines(fields)])
    if draft.scale and draft.kinds:
        blocks.append(_BOTH)
    if draft.floors:
        blocks.append(["[floors]", *_lines(draft.floors)])
    if draft.unused:
        unused = [f"# not used: {file}: {reason}" for file, reason in draft.unused.items()]
        blocks.append([_one_line(line) for line in unused])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _weight(kind: tuple[str, Fields]) -> tuple[float, str]:
    weight = kind[1]["weight"].value
    return (float(weight) if isinstance(weight, int | float) else 0, kind[0])


def _lines(fields: Fields, section: str = "") -> list[str]:
    lines: list[str] = []
    tables: list[str] = []
    for name, guess in fields.items():
        comment = f"  # guess: {_one_line(guess.reason)}" if guess.reason else ""
        if isinstance(guess.value, Mapping) and len(guess.value) > 3:  # noqa: PLR2004
            tables += ["", f"[{section}.{name}]{comment}"]
            tables += [f"{_key(key)} = {_toml(value)}" for key, value in guess.value.items()]
        else:
            lines.append(f"{name} = {_toml(guess.value)}{comment}")
    return lines + tables


def _toml(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:.10g}"
        case str():
            if '"' in value and value.isprintable() and "'" not in value:
                return f"'{value}'"
            return _quoted(value)
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"


def _key(text: str) -> str:
    return text if _BARE_KEY.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)
