"""The commands of docs/api.md are run as they are printed."""

import json
import os
import re
import subprocess

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving import keys
from serving.api.problems import KINDS
from tests.conftest import ROOT, schema_of
from tests.serving import shop

PAGE = (ROOT / "docs/api.md").read_text()
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def surroundings(api_url: str, owner: Engine, publisher: Engine) -> dict[str, str]:
    """The variables that the page speaks of, for a shop that has item 6."""
    items = shop.items(**shop.TITLES, **{"6": "Heat"})
    shop.release(publisher, "one", instead_of=None, items=items)
    with Session(owner) as session, session.begin():
        key = keys.create(session, "shop", ["read", "feedback"])
    return {"API": api_url, "DATASET": schema_of(owner), "KEY": key}


def run(command: str, surroundings: dict[str, str]) -> str:
    """Return what a command prints; it fails where the API answers an error."""
    failing = command.replace("curl -sS", "curl -sS --fail-with-body")
    return subprocess.run(  # noqa: S603 # our own page
        ["/bin/sh", "-euc", failing],
        env={"PATH": os.environ["PATH"], **surroundings},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout


def test_the_commands_work_as_they_are_printed(surroundings: dict[str, str], owner: Engine) -> None:
    said = []
    for command in COMMANDS:
        said.append(run(command, surroundings))
        if '"token"' in said[-1]:
            person = json.loads(said[-1])
            surroundings |= {"PERSON": person["user_id"], "TOKEN": person["token"]}

    about, listed, strangers, why, shelves, rated, undone, hidden, _, forgotten, outbox, figures = (
        said
    )
    assert json.loads(about)["highest"] == 10
    assert json.loads(listed)["kind"] == "fallback"
    assert json.loads(strangers)["user_id"] is None
    assert json.loads(why)["standing"] == "cold"
    assert shelves.count('"items"') == 4
    assert [json.loads(each)["kind"] for each in (rated, undone, hidden)] == [
        "rate",
        "unrate",
        "not_interested",
    ]
    assert json.loads(forgotten)["user_id"] == surroundings["PERSON"]
    assert json.loads(outbox)["n_waiting"] == 3
    assert "recsys_outbox_waiting" in figures
    assert shop.rows(owner, "select kind from outbox order by event_id") == [
        ("rate",),
        ("unrate",),
        ("not_interested",),
    ]


def test_the_retry_that_the_page_describes_is_written_once(
    surroundings: dict[str, str], owner: Engine
) -> None:
    [rate] = [command for command in COMMANDS if "Idempotency-Key" in command]

    answers = [json.loads(run(rate, surroundings)) for _ in range(2)]

    assert [answer["status"] for answer in answers] == ["accepted", "repeated"]
    assert shop.rows(owner, "select count(*) from outbox") == [(1,)]


def test_every_problem_is_on_the_page() -> None:
    rows = dict(re.findall(r"^\| (\d{3}) \| ([^|]*) \|", PAGE, re.MULTILINE))

    for status, code, _, _ in KINDS.values():
        assert f"`{code}`" in rows[str(status)], code
