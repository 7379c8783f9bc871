"""Generate the types of the TypeScript client from the API's OpenAPI document, and pack it.

Run: python -m tools.typescript (needs Node.js and npm)

The types are of the product's routes: those that take a key. The first line of the generated file
has a digest of the document, so that a test finds stale types without Node.js.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ops.settings import ROOT
from serving.api.app import create_app
from serving.storage.database import ServingSettings

FOLDER = ROOT / "clients/typescript"
SCHEMA = FOLDER / "src/schema.ts"
KEY = "HTTPBearer"  # the security scheme of routes for products
PREFIX = "#/components/schemas/"

Document = dict[str, Any]


def product_document() -> Document:
    """Return the OpenAPI document of the product's routes.

    Every route may answer with any problem: the schema of problems is in place of each status.
    """
    app = create_app(ServingSettings(database_url="postgresql+psycopg2://nobody@127.0.0.1/none"))
    document = app.openapi()
    paths = {
        path: {method: _with_one_problem(operation) for method, operation in methods.items()}
        for path, methods in _of_products(document["paths"]).items()
    }
    schemas = document["components"]["schemas"]
    names = _reachable(paths, schemas)
    components = {"schemas": {name: schemas[name] for name in schemas if name in names}}
    return {**document, "paths": paths, "components": components}


def operations() -> set[tuple[str, str]]:
    """Return the method, in capitals, and the path of each of the product's operations."""
    paths = product_document()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def digest(document: Document) -> str:
    """Return the SHA-256 of the document."""
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()


def header(document: Document) -> str:
    """Return the first line of the types that are generated from the document."""
    return f"// Written by `make typescript` from the OpenAPI document {digest(document)}\n"


def generate() -> str:
    """Return the types of the product's routes; npm must have installed the generator.

    Raises:
        CalledProcessError: the generator fails.
    """
    document = product_document()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "openapi.json"), Path(folder, "schema.ts")
        source.write_text(json.dumps(document))
        npm("run", "--silent", "generate", "--", str(source), "--output", str(target))
        return header(document) + target.read_text()


def install() -> None:
    """Install the locked packages of npm, if they are not installed.

    Raises:
        CalledProcessError: npm fails, for example without a network.
    """
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        npm("ci", "--prefer-offline")


def pack() -> None:
    """Compile the client, and write the package that a product installs.

    Raises:
        CalledProcessError: the compiler finds an error.
    """
    npm("run", "--silent", "build")
    npm("pack", "--silent")


def npm(*arguments: str) -> None:
    """Run npm in the folder of the client.

    Raises:
        CalledProcessError: npm fails.
    """
    subprocess.run(["npm", *arguments], cwd=FOLDER, check=True, timeout=600)  # noqa: S603, S607


def _of_products(paths: Mapping[str, Document]) -> dict[str, Document]:
    """Return the paths with those operations only that take a product's key."""
    kept = {
        path: {
            method: operation
            for method, operation in methods.items()
            if any(KEY in scheme for scheme in operation.get("security", ()))
        }
        for path, methods in paths.items()
    }
    return {path: methods for path, methods in kept.items() if methods}


def _with_one_problem(operation: Document) -> Document:
    answers = {
        status: answer for status, answer in operation["responses"].items() if status < "400"
    }
    schema = {"$ref": f"{PREFIX}Problem"}
    content = {"application/problem+json": {"schema": schema}}
    problem = {"description": "A problem", "content": content}
    return {**operation, "responses": {**answers, "default": problem}}


def _reachable(value: object, schemas: Mapping[str, object]) -> set[str]:
    """Return the names of the schemas to which the value refers, also through others."""
    names: set[str] = set()
    waiting = [*_references(value)]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += _references(schemas[name])
    return names


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference.removeprefix(PREFIX)
        yield from _references([*value.values()])
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def main() -> int:
    """Write the types and the package."""
    install()
    SCHEMA.write_text(generate())
    pack()
    return 0


if __name__ == "__main__":
    sys.exit(main())
