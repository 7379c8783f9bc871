"""Log lines as events: a name, then fields. Text for a terminal, JSON objects for a collector.

A message `name key=value key=value` is an event; every other message is prose. `event` makes one
and quotes its values, so that `parse` returns them unchanged.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.log_lines import OneLine

Value = str | int | float | bool | None

ABOUT = ("time", "level", "logger", "event")  # keys of a JSON line beside the fields
_VALUE = r'"(?:[^"\\]|\\.)*"|[^\s"=]*'
_FIELD = re.compile(rf" ([a-z][a-z0-9_]*)=({_VALUE})")
_EVENT = re.compile(rf"([a-z][a-z0-9_]*)((?:{_FIELD.pattern})+)")
_LEVEL = re.compile(r"(?:DEBUG|INFO|WARNING|ERROR|CRITICAL) ")
_BARE = re.compile(r"[^\s\"=]+")


class LogSettings(BaseSettings):
    """Variables that begin with LOG_. Jobs read them."""

    model_config = SettingsConfigDict(env_prefix="LOG_", frozen=True)

    format: Literal["text", "json"] = Field(
        default="text", description="Form of a job's log lines; json: one object per line."
    )


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, in a form that programs read too."""

    name: str
    fields: Mapping[str, Value]

    def __str__(self) -> str:
        """Return `name key=value key=value`."""
        return " ".join([self.name, *(f"{key}={_text(v)}" for key, v in self.fields.items())])


def event(name: str, /, **fields: Value) -> Event:
    """Return the event to log: `log.info(event("landed", files=3))`."""
    return Event(name, fields)


def parse(line: str) -> Event | None:
    """Return the event of a log line in either format, with or without its level."""
    fields = _value(line) if line.startswith("{") else None
    if isinstance(fields, dict) and isinstance(fields.get("event"), str):
        return Event(fields["event"], {key: v for key, v in fields.items() if key not in ABOUT})
    match = _EVENT.fullmatch(_LEVEL.sub("", line, count=1))
    return match and Event(match[1], {key: _value(v) for key, v in _FIELD.findall(match[2])})


def configure() -> None:
    """Send every log line to standard output, as LOG_FORMAT says."""
    handler = logging.StreamHandler(sys.stdout)
    as_json = LogSettings().format == "json"
    handler.setFormatter(_Json() if as_json else OneLine("%(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("py4j").setLevel(logging.WARNING)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        about = {"time": at, "level": record.levelname, "logger": record.name}
        message = record.getMessage()
        parsed = parse(message)
        fields = {"event": parsed.name, **parsed.fields} if parsed else {"message": message}
        failure = {"exception": self.formatException(record.exc_info)} if record.exc_info else {}
        return json.dumps(about | fields | failure, ensure_ascii=False)


def _text(value: Value) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value) and isinstance(_value(value), str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _value(text: str) -> Any:
    """Return the JSON value, or the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
