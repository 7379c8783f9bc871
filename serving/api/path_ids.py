"""Routes with ids in the path that may contain slashes.

Servers unquote the path, so that the id `a/ratings/b` would look like three segments: erasing that
user would delete the rating of another. These routes match the path as sent and unquote each id.

Ids that are not UTF-8 are rejected: replaced characters would make one user of several.

The name of a data set has the characters and length of a schema of Postgres. Any other name matches
no route, so that no key is looked up for it, and a long path is refused before it is compared with
the routes.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote, unquote_to_bytes

from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.api import problems
from serving.errors import ApiError, PathTooLongError, RequestRefusedError

MAX_PATH_BYTES = 8192  # two ids of 256 characters, quoted, have at most 6,144


class _Quoted(Convertor[str]):
    regex: ClassVar[str] = "[^/]*"

    def convert(self, value: str) -> str:
        return value  # still quoted: the route unquotes it once the caller is known

    def to_string(self, value: str) -> str:
        return value  # not quoted: no URL is built from these routes


class _Name(_Quoted):
    regex: ClassVar[str] = "[a-z0-9_]{1,63}"


register_url_convertor("id", _Quoted())
register_url_convertor("dataset", _Name())


class BoundedPaths:
    """ASGI middleware: refuses paths of more than `MAX_PATH_BYTES` bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the app unless its path is too long."""
        path = scope.get("raw_path") or scope.get("path", "").encode("utf-8", "surrogateescape")
        if len(path) <= MAX_PATH_BYTES:
            await self._app(scope, receive, send)
            return
        error: ApiError = PathTooLongError(f"The path has more than {MAX_PATH_BYTES:,} bytes.")
        try:
            await scope["app"].state.admission.count_refusal(scope)
        except ApiError as too_many:
            error = too_many
        await problems.response(scope["path"], error)(scope, receive, send)


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
