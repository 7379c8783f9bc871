"""The steps of docs/integrate.md for Node.js, as one program of a shop that installs the client."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ops.settings import ROOT
from serving.storage import keys
from tests.conftest import schema_of
from tests.support import markdown
from tests.support.clients import node
from tests.support.serving import shop
from tests.support.serving.api_server import running_api
from tests.support.serving.server import as_role

GUIDE = (ROOT / "docs/integrate.md").read_text()
PATIENT = ("timeoutMs: 200", "timeoutMs: 60000")  # the machine may be busy
LISTS = ("home", "similar", "together", "basket", "trending")
CHANGES = ("created", "changed", "removed", "erasure")
RESULTS = ("kinds", "attributes", "page", "visitor", "sent", "n_events", *LISTS, *CHANGES)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The steps, which print their results, in the folder of a shop that has the client."""
    node.build()
    node.run(["npm", "install", "--offline", str(node.PACKAGE)], tmp_path, {})
    steps = "".join(markdown.blocks(GUIDE, "js"))
    assert PATIENT[0] in steps
    printing = f"console.log(JSON.stringify({{ {', '.join(RESULTS)} }}));"
    (tmp_path / "shop.mjs").write_text(f"{steps.replace(*PATIENT)}\n{printing}\n")
    return tmp_path / "shop.mjs"


def test_the_steps_are_typescript_too(program: Path) -> None:
    steps = "".join(markdown.blocks(GUIDE, "js"))
    (program.parent / "shop.mts").write_text(steps)
    strict = ["--strict", "--exactOptionalPropertyTypes", "--module", "nodenext"]
    types = ["--typeRoots", str(node.MODULES / "@types"), "--types", "node"]

    compiler = str(node.MODULES / "typescript/bin/tsc")
    node.run(
        ["node", compiler, "--noEmit", "--target", "es2022", *strict, *types, "shop.mts"],
        program.parent,
        {},
    )


def test_the_steps_for_node_work_as_printed(
    program: Path, committing: str, owner: Engine, publisher: Engine
) -> None:
    items = shop.items(**shop.TITLES, **{"6": "Heat"})
    shop.release(publisher, "one", instead_of=None, items=items)
    with Session(owner) as session, session.begin():
        secrets = {
            "KEY": keys.create(session, "web", ["read", "feedback"]),
            "CATALOGUE_KEY": keys.create(session, "catalogue", ["catalogue"]),
            "OPERATE_KEY": keys.create(session, "accounts", ["operate"]),
        }
    with running_api(as_role(committing, "api")) as url:
        variables = {"API": url, "DATASET": schema_of(owner), **secrets}
        printed = json.loads(node.run(["node", str(program)], program.parent, variables))

    assert {"view", "purchase"} <= printed["kinds"].keys()
    assert printed["attributes"]["price"] == "number"
    assert all(item["title"] for item in printed["home"]["items"])
    assert all({"items", "list_id"} <= printed[name].keys() for name in LISTS)
    assert all({"items", "list_id"} <= shelf.keys() for shelf in printed["page"]["shelves"])
    assert printed["page"]["shelves"]
    assert printed["visitor"]["token"]
    assert (printed["sent"]["n_accepted"], printed["n_events"]) == (1, 2)
    changes = [printed[name]["status"] for name in ("created", "changed", "removed")]
    assert changes == ["created", "changed", "removed"]
    assert printed["erasure"]["user_id"] == "42"
    assert shop.rows(owner, "select user_id from outbox") == []
