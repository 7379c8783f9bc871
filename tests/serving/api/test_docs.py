"""The commands of docs/api.md, docs/integrate.md and of the README are run as printed."""

import json
import os
import re
import subprocess
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from serving.errors import ApiError
from serving.storage import keys
from tests.conftest import ROOT, schema_of
from tests.support.serving import shop
from tests.support.serving.airflow_users import LOGIN, AirflowUsers
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import as_role

PAGE = (ROOT / "docs/api.md").read_text()
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
GUIDE = (ROOT / "docs/integrate.md").read_text()
STEPS = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
[README] = re.findall(
    r"## Build on the API\n+```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
)

WINDOW = """
    insert into window_lists (user_id, retrain_id, recipe, item_ids, scores, relevant)
    values ('u', 'shop__retrain/one', 'als_32', '{a,b,6}', '{3,2,1}', '{6}')
"""


@pytest.fixture
def airflow() -> Iterator[str]:
    """The URL of an Airflow that signs in an operator."""
    with AirflowUsers().served() as url:
        yield url


@pytest.fixture
def api_url(owner: Engine, committing: str, airflow: str) -> Iterator[str]:
    """The URL of an API that serves only this test's schema and uses that Airflow."""
    own = {"datasets": (schema_of(owner),), "airflow_url": airflow}
    with running_api(as_role(committing, "api"), UNCACHED.model_copy(update=own)) as url:
        yield url


@pytest.fixture
def variables(api_url: str, airflow: str, owner: Engine, publisher: Engine) -> dict[str, str]:
    """The variables of the page, for a shop with item 6 and a window list."""
    items = shop.items(**shop.TITLES, **{"6": "Heat"})
    shop.release(publisher, "one", instead_of=None, items=items)
    with Session(owner) as session, session.begin():
        session.execute(text(WINDOW))
        key = keys.create(session, "shop", ["read", "feedback"])
        operate = keys.create(session, "accounts", ["operate"])
        catalogue = keys.create(session, "catalogue", ["catalogue"])
    login = {"NAME": LOGIN["username"], "PASSWORD": LOGIN["password"], "AIRFLOW": airflow}
    own = {"KEY": key, "OPERATE_KEY": operate, "CATALOGUE_KEY": catalogue}
    return {"API": api_url, "DATASET": schema_of(owner), **own, **login}


def run(command: str, variables: dict[str, str]) -> str:
    """Return a command's output; raise an error if the API answers with one."""
    failing = command.replace("curl -sS", "curl -sS --fail-with-body")
    return subprocess.run(  # noqa: S603 # our own page
        ["/bin/sh", "-euc", failing],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout


def learned(output: str) -> dict[str, str]:
    """Return the variables of later commands that an answer has."""
    if output.startswith('{"event_id"'):
        return {"EVENT_ID": json.loads(output)["event_id"]}
    if '"token"' in output:
        user = json.loads(output)
        return {"USER_ID": user["user_id"], "TOKEN": user["token"]}
    return {"OPERATOR": json.loads(output)["access_token"]} if '"access_token"' in output else {}


def test_the_commands_of_the_page_work_as_printed(variables: dict[str, str], owner: Engine) -> None:
    outputs = []
    for command in COMMANDS:
        outputs.append(run(command, variables))
        variables |= learned(outputs[-1])

    about, listed, anonymous, why, shelves, filtered, created, batch, lines, *others = outputs
    rated, unrated, hidden, undone, sent, kept, *more = others
    _, registered, exported, erased, described, of_users, *later = more
    everyone, outbox, _, rules, preview, replaced, stock, *pages = later
    placements, active, tried, changed, *last = pages
    receipts, states, unfinished, paused, started, history, inspected, decided, metrics = last
    assert json.loads(about)["highest"] == 10
    assert json.loads(listed)["kind"] == "fallback"
    assert json.loads(anonymous)["user_id"] is None
    assert json.loads(why)["status"] == "cold"
    assert shelves.count('"items"') == 9
    assert json.loads(filtered)["release_id"] == json.loads(listed)["release_id"]
    assert "2571" in {json.loads(line)["item_id"] for line in lines.splitlines()}
    assert json.loads(created)["status"] == "created"
    assert [item["status"] for item in json.loads(batch)["items"]] == ["changed", "refused"]
    assert [json.loads(receipt)["kind"] for receipt in (rated, unrated, hidden, undone)] == [
        "rate",
        "unrate",
        "not_interested",
        "undo",
    ]
    assert json.loads(sent)["n_accepted"] == 3
    assert [event["kind"] for event in json.loads(kept)["items"]] == ["purchase"]
    assert json.loads(registered)["user_id"] == "n-abcdefghijklmnop"
    assert json.loads(exported)["user_id"] == variables["USER_ID"]
    assert json.loads(erased)["user_id"] == variables["USER_ID"]
    assert json.loads(described)["segment"] == "sex=F,age=25"
    kinds = [json.loads(line).get("kind", "user") for line in everyone.splitlines()]
    assert (kinds.count("user"), kinds.count("purchase")) == (5, 1)
    assert [user["segment"] for user in json.loads(of_users)["users"]] == ["sex=F,age=25", ""]
    assert [receipt["user_id"] for receipt in json.loads(receipts)] == ["42", "43"]
    assert states.count('"requested_by":"ada"') == 3  # of two users, then of one
    assert json.loads(unfinished)["n_with_rows"] == 3
    assert json.loads(outbox)["n_waiting"] == 7
    assert rules.count('"version"') == 1  # no rules were set yet
    assert json.loads(preview)["n_users"] == 1
    assert (json.loads(replaced)["version"], json.loads(replaced)["actor"]) == (1, "ada")
    assert json.loads(stock) == {"n_changed": 1}
    assert placements.count('"list_id"') > 2  # the shelves of two placements
    assert active.count('"name":"home","version":0') == 2  # in the list, and its history
    assert json.loads(tried)["shelves"][1]["left_out"].startswith(
        "It has 0 items and needs at least 4"
    )
    assert re.findall(r'"name":"home","version":(\d)', changed) == ["1", "2"]
    assert paused.count('"live_release":1') == 2
    assert (json.loads(started)["state"], json.loads(started)["started_by"]) == ("queued", "ada")
    assert history.count('"action":"pause"') == 2  # of the release, and in the audit
    assert '"status":"unknown"' in inspected  # the user
    assert '"status":"ruled_out"' in inspected  # item 6 for this user
    assert '"obstacle":"unavailable"' in inspected
    assert decided.count('"decided_by":"ada"') == 2  # the decision, and the list of them
    assert "lantern_outbox_waiting" in metrics
    assert shop.rows(owner, "select kind from outbox") == []  # all were of user 42


def test_a_retry_as_on_the_page_is_written_once(variables: dict[str, str], owner: Engine) -> None:
    [rate] = [command for command in COMMANDS if "Idempotency-Key" in command]

    answers = [json.loads(run(rate, variables)) for _ in range(2)]

    assert [answer["status"] for answer in answers] == ["accepted", "repeated"]
    assert shop.rows(owner, "select count(*) from outbox") == [(1,)]


def test_the_commands_of_the_readme_work_as_printed(
    variables: dict[str, str], owner: Engine
) -> None:
    setting, commands = README.split("\n\n")
    assert "keys add $DATASET shop --scope read --scope feedback" in setting  # as `variables`

    run(commands, variables)

    assert shop.rows(owner, "select user_id, item_id, rating from feedback") == [("42", "6", 5.0)]


def test_the_steps_of_the_guide_work_as_printed(variables: dict[str, str], owner: Engine) -> None:
    assert "keys add $DATASET web --scope read --scope feedback" in GUIDE  # as `variables`

    about, home, others, *more = (run(step, variables) for step in STEPS)
    shelves, created, sent, outbox, changed = more

    assert {"view", "purchase"} <= json.loads(about)["kinds"].keys()
    assert json.loads(about)["attributes"]["price"] == "number"
    assert all(item["title"] for item in json.loads(home)["items"])
    assert others.count('"items"') == 4
    assert shelves.count('"placement"') == 2
    assert shelves.count('"list_id"') > 2
    assert json.loads(created)["token"]
    assert (json.loads(sent)["n_accepted"], json.loads(outbox)["n_waiting"]) == (2, 2)
    assert re.findall(r'"status":"(\w+)"', changed) == ["created", "changed", "removed"]
    assert shop.rows(owner, "select kind, value from outbox order by kind desc") == [
        ("view", None),
        ("purchase", 2.0),
    ]


def test_every_problem_is_on_the_page() -> None:
    rows = re.findall(r"^\| (\d{3}) \| ([^|]*) \|", PAGE, re.MULTILINE)

    for kind in ApiError.kinds():
        documented = [codes for status, codes in rows if status == str(kind.status)]
        assert any(f"`{kind.code}`" in codes for codes in documented), kind.code
