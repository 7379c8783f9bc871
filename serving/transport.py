"""HTTP requests to one data set's API: answers as values, problems as errors."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import TypeAdapter, ValidationError

from serving import errors
from serving.errors import ApiError, ApiUnavailableError
from serving.schemas import Problem

AnswerT = TypeVar("AnswerT")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Parameter = str | int | bool | Sequence[str] | None  # None is not sent

_BY_CODE = {kind.code: kind for kind in ApiError.kinds()}
# for a response that is not a problem of this API, such as a proxy's
_BY_STATUS: dict[int, type[ApiError]] = {
    **dict.fromkeys((401, 403), errors.KeyRefusedError),
    **dict.fromkeys((413, 422), errors.RequestRefusedError),
    429: errors.TooManyRequestsError,
    **dict.fromkeys((502, 503, 504), ApiUnavailableError),
}


class ClientPart:
    """A part of the client of one data set's API: the requests about one subject.

    They are below `/v1/{dataset}`. `http` has the base URL, the key and the time-out.
    """

    def __init__(self, http: httpx2.Client, dataset: str) -> None:
        self._http, self._root = http, ("v1", dataset)

    def _request(
        self,
        kind: type[AnswerT],
        *segments: str,
        method: Method = "GET",
        params: Mapping[str, Parameter] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AnswerT:
        """Return the answer to a request, as a value.

        `segments` are those of the path below the data set's root, unquoted. `body` is sent as
        JSON.

        Raises:
            RequestRefusedError: a segment is one that a path cannot have; nothing was sent.
            ApiError: in the class that fits the problem.
        """
        path = self._path(segments)
        query = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            response = self._http.request(method, path, params=query, json=body, headers=headers)
        except httpx2.TransportError as error:
            raise ApiUnavailableError(
                f"{self._http.base_url}: {type(error).__name__}; is the API up?"
            ) from error
        if not response.is_success:
            raise _error(response)
        try:
            return TypeAdapter(kind).validate_json(response.content)
        except ValidationError as error:
            raise ApiError(f"{response.url}: this client cannot read the answer") from error

    def _lines(
        self, kind: type[AnswerT], *segments: str, params: Mapping[str, Parameter]
    ) -> Iterator[AnswerT]:
        """Yield the values of an answer of JSON lines, as they arrive.

        Raises: as `_request`.
        """
        path = self._path(segments)
        adapter = TypeAdapter(kind)
        try:
            with self._http.stream("GET", path, params=dict(params)) as response:
                if not response.is_success:
                    response.read()
                    raise _error(response)
                yield from map(adapter.validate_json, response.iter_lines())
        except httpx2.TransportError as error:
            raise ApiUnavailableError(f"{self._http.base_url}: {type(error).__name__}") from error

    def _path(self, segments: Sequence[str]) -> str:
        """Return the path. `..` would be another path: clients and proxies resolve it."""
        unusable = [segment for segment in segments if segment in {"", ".", ".."}]
        if unusable:
            raise errors.RequestRefusedError(f"{unusable[0]!r} cannot be part of a path.")
        return "".join(f"/{quote(segment, safe='')}" for segment in (*self._root, *segments))


def error_of(code: str, text: str, otherwise: type[ApiError] = ApiError) -> ApiError:
    """Return the error with a problem's code, or of the other class if it is a new one."""
    return _BY_CODE.get(code, otherwise)(text)


def _error(response: httpx2.Response) -> ApiError:
    by_status = _BY_STATUS.get(response.status_code, ApiError)
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        return by_status(f"{response.url}: status {response.status_code}")
    error = error_of(problem.code, f"{problem.detail} {problem.next_step}", by_status)
    retry_after = response.headers.get("Retry-After", "")
    if retry_after.isdecimal():
        error.retry_after = float(retry_after)
    return error
