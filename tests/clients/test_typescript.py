"""The TypeScript client against the API, and against the OpenAPI document."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ops.settings import ROOT
from serving.storage import keys
from tests.conftest import schema_of
from tests.support.clients import node
from tests.support.serving import shop
from tests.support.serving.api_server import running_api
from tests.support.serving.server import as_role
from tools import typescript

CLIENT = (typescript.FOLDER / "src/client.ts").read_text()
SCOPES: dict[str, tuple[keys.Scope, ...]] = {
    "key": ("read", "feedback"),
    "catalogueKey": ("catalogue",),
    "operateKey": ("operate",),
}
POPULARITY: shop.Rows = [
    {"item_id": item_id, "factors": [0.5], "popularity": n, "trending": 0.0}
    for n, item_id in enumerate(shop.TITLES)
]


def test_the_types_are_those_of_the_api() -> None:
    first_line, _, _ = typescript.SCHEMA.read_text().partition("\n")

    assert f"{first_line}\n" == typescript.header(typescript.product_document()), (
        "out of date: clients/typescript/src/schema.ts. Run `make typescript` (it needs Node.js)."
    )


def test_the_types_are_as_the_generator_writes_them() -> None:
    node.install()

    assert typescript.SCHEMA.read_text() == typescript.generate()


def test_the_document_is_of_the_routes_for_products() -> None:
    operations = typescript.operations()

    assert ("POST", "/v1/{dataset}/events") in operations
    assert ("GET", "/v1/{dataset}/users/{user_id}/recommendations") in operations
    assert not [path for _, path in operations if "/rules" in path or "/retrains" in path]
    schemas = typescript.product_document()["components"]["schemas"]
    assert {"NewEvent", "KindMeaning", "Problem"} <= schemas.keys()
    assert "SlateRules" not in schemas


def test_another_document_has_another_digest() -> None:
    document = typescript.product_document()
    changed = json.loads(json.dumps(document))
    changed["components"]["schemas"]["NewEvent"]["description"] = "Another."

    assert typescript.digest(changed) != typescript.digest(document)


def test_the_client_has_a_method_for_every_route() -> None:
    bodies = re.split(r"^  }$", CLIENT, flags=re.MULTILINE)
    requested = {
        (method, path)
        for body in bodies
        for method in re.findall(r"this\.http\.([A-Z]+)\(", body)
        for path in re.findall(r'"(/v1/[^"]+)"', body)
    }

    assert requested == typescript.operations()


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = json.loads((typescript.FOLDER / "package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]

    assert len(packages) > 3
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not [package for package in packages if "resolved" in package]
    wanted = json.loads((typescript.FOLDER / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version


@pytest.mark.parametrize(("file", "n_tests"), [("client", 3), ("retries", 13), ("queue", 16)])
def test_what_goes_wrong_is_handled(file: str, n_tests: int) -> None:
    folder = node.build()

    assert node.passed_by_node(folder / f"test/{file}.test.js", {}) == n_tests


def test_the_client_works_with_the_api(committing: str, owner: Engine, publisher: Engine) -> None:
    folder = node.build()
    shop.release(publisher, "one", instead_of=None, item_factors=POPULARITY)
    with Session(owner) as session, session.begin():
        secrets = {name: keys.create(session, name, scopes) for name, scopes in SCOPES.items()}
    with running_api(as_role(committing, "api")) as url:
        live = node.as_variables(baseUrl=url, dataset=schema_of(owner), **secrets)
        n_passed = node.passed_by_node(folder / "test/api.test.js", live)

    assert n_passed == 12
    by_kind = "select kind, count(*) from outbox where user_id like 'visitor%' group by kind"
    assert shop.rows(owner, by_kind) == [("view", 2500)]
    assert shop.rows(owner, "select count(*) from outbox where user_id = '42'") == [(1,)]


def test_the_package_needs_nothing_else(tmp_path: Path) -> None:
    node.build()
    offline = {"npm_config_offline": "true", "npm_config_cache": str(tmp_path / "cache")}
    node.run(["npm", "install", str(node.PACKAGE)], tmp_path, offline)
    program = 'import { Lantern } from "lantern-client"; console.log(typeof Lantern);'
    (tmp_path / "shop.mjs").write_text(program)

    assert node.run(["node", "shop.mjs"], tmp_path, {}) == "function\n"
    assert (ROOT / ".gitignore").read_text().count("*.tgz") == 1
