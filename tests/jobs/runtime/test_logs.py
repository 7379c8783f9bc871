import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.runtime import logs
from jobs.runtime.logs import Event, event, parse

VALUES = st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
FIELDS = st.dictionaries(NAMES.filter(lambda n: n not in logs.ABOUT), VALUES, min_size=1)


def test_an_event_is_a_name_and_its_fields() -> None:
    line = str(event("landed", dataset="shop", files=3, note="two new", share=0.5, id="12"))

    assert line == 'landed dataset=shop files=3 note="two new" share=0.5 id="12"'


@given(NAMES, FIELDS)
def test_every_event_is_parsed_back(name: str, fields: dict[str, logs.Value]) -> None:
    assert parse(f"INFO {Event(name, fields)}") == Event(name, fields)


@pytest.mark.parametrize(
    "line", ["", "INFO", "INFO wrote the table", "a=1", "wrote table=a and more", "{", '{"a": 1}']
)
def test_prose_is_no_event(line: str) -> None:
    assert parse(line) is None


def test_a_line_of_the_warehouse_is_an_event_too() -> None:
    line = "INFO wrote table=silver.events run_key=shop__ingest/manual__2026-01-05T03:00:00/refine"

    parsed = parse(line)

    assert parsed is not None
    assert (parsed.name, parsed.fields["table"]) == ("wrote", "silver.events")


def test_json_lines_hold_events_prose_and_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.configure()
    log = logging.getLogger("jobs.land")

    log.info(event("landed", dataset="shop", files=3))
    log.warning("%s: nothing came", "shop")
    log.error("failed", exc_info=ValueError("broken"))

    landed, prose, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert landed | {"time": ""} == {
        "time": "", "level": "INFO", "logger": "jobs.land", "event": "landed", "dataset": "shop",
        "files": 3,
    }  # fmt: skip
    assert (prose["level"], prose["message"]) == ("WARNING", "shop: nothing came")
    assert "ValueError: broken" in failed["exception"]
    assert parse(json.dumps(landed)) == event("landed", dataset="shop", files=3)


def test_text_lines_begin_with_their_level(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.configure()

    logging.getLogger("jobs.land").info(event("landed", files=3))

    assert capsys.readouterr().out == "INFO landed files=3\n"


def test_text_from_outside_cannot_begin_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.configure()
    name = "a.csv\nINFO published release=9\x1b[31m\u2028"

    logging.getLogger("jobs.land").warning("%s: not read", name)
    logging.getLogger("jobs.land").error("failed", exc_info=ValueError(name))

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "WARNING a.csv\\nINFO published release=9\\u001b[31m\\u2028: not read"
    assert not any(line.startswith("INFO") for line in lines)
