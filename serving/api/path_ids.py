"""Routes with ids in the path that may contain slashes.

Servers unquote the path, so that the id `a/ratings/b` would look like three segments: erasing that
user would delete the rating of another. These routes match the path as sent and unquote each id.

Ids that are not UTF-8 are rejected: replaced characters would make one user of several.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote, unquote_to_bytes

from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match
from starlette.types import Scope

from serving.errors import RequestRefusedError


class _Quoted(Convertor[str]):
    regex: ClassVar[str] = "[^/]*"

    def convert(self, value: str) -> str:
        return value  # still quoted: the route unquotes it once the caller is known

    def to_string(self, value: str) -> str:
        return value  # not quoted: no URL is built from these routes


register_url_convertor("id", _Quoted())


class PathIdRoute(APIRoute):
    """A route whose `{name:id}` parameters match one quoted segment of the path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the quoted path, or the plain one if the server does not pass it."""
        raw_path = scope.get("raw_path")
        if raw_path is None:
            return super().matches(scope)
        return super().matches({**scope, "path": raw_path.decode("utf-8", "surrogateescape")})

    def unquoted(self, path_params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of the path with the ids unquoted.

        Raises:
            RequestRefusedError: an id is not UTF-8.
        """
        return {
            name: _unquoted(name, value)
            if isinstance(self.param_convertors[name], _Quoted)
            else value
            for name, value in path_params.items()
        }


def must_be_utf8(query: bytes) -> None:
    """Check the encoding of a query string.

    Raises:
        RequestRefusedError: it is not UTF-8, or has bytes that must be quoted.
    """
    if b"%" not in query and query.isascii():
        return
    try:
        query.decode("ascii")
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError as error:
        raise RequestRefusedError("query: it is not percent-encoded UTF-8.") from error


def _unquoted(name: str, value: str) -> str:
    if "%" not in value and value.isascii():
        return value
    try:
        return unquote(value.encode().decode(), errors="strict")
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise RequestRefusedError(f"path.{name}: it is not percent-encoded UTF-8.") from error
