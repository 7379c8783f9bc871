"""Ids in paths: one segment each, whatever is in it.

Servers hand over the path unquoted, where the id `a/ratings/b` looks like three segments: asking
to forget that person would take back another one's rating. So these routes match the path as it
was sent, and unquote each id by itself.
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
        """Return the id that the segment stands for."""
        return unquote(value)

    def to_string(self, value: str) -> str:
        """Return it as it is: nobody makes URLs of these routes."""
        return value


register_url_convertor("id", _Quoted())


class PathIdRoute(APIRoute):
    """A route whose `{name:id}` parameters take what stands between two slashes as it was sent."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the quoted path; servers that do not tell it have one without quotes."""
        sent = scope.get("raw_path")
        if sent is None:
            return super().matches(scope)
        return super().matches({**scope, "path": sent.decode("utf-8", "replace")})
