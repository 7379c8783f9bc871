"""Routes with ids in the path that may contain slashes.

Servers unquote the path, so that the id `a/ratings/b` would look like three segments: erasing that
user would delete the rating of another. These routes match the path as sent and unquote each id.
"""

from typing import ClassVar
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match
from starlette.types import Scope


class _Quoted(Convertor[str]):
    regex: ClassVar[str] = "[^/]*"

    def convert(self, value: str) -> str:
        return unquote(value)

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
        return super().matches({**scope, "path": raw_path.decode("utf-8", "replace")})
