"""The releases, the slate rules and the reasons that one process keeps in memory.

A release never changes, so it is read once; only the items that the product changed are read again,
by the next request, as each one compares the revision of `slate`. A caller names the release that
its own statement saw, so no answer mixes two releases. The previous release is kept for requests
that began before the last publication.
"""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from sqlalchemy import Connection, text

from serving.errors import NoReleaseError
from serving.lists.releases import loading
from serving.lists.releases.loaded import LoadedRelease
from serving.rules import store
from serving.rules.slate import Slate
from serving.schemas import Reason

MAX_RELEASES = 2
MAX_REASONS = 2000  # users; 14 KB each for a list of 20

_LIVE = text("select release_id, revision from live_release cross join slate")


class ReleaseCache:
    """The cache of one data set, shared by the threads of a process.

    Reasons are kept only for lists served unchanged from the release, without slate rules and newer
    feedback: a repeated request then needs no fold-in, which takes two fifths of the response time.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._releases: OrderedDict[int, LoadedRelease] = OrderedDict()
        self._slate = ((-1, -1), Slate())  # (release, revision) and slate
        # by user: the release, and the reasons by item id
        self._reasons: dict[str, tuple[int, Mapping[str, Reason]]] = {}

    def live(self, connection: Connection) -> tuple[LoadedRelease, Slate]:
        """Return the live release and its slate.

        Raises:
            NoReleaseError: the data set has no release yet.
        """
        row = connection.execute(_LIVE).one_or_none()
        if row is None:
            raise NoReleaseError
        release = self.release(connection, row.release_id, row.revision)
        return release, self.slate(connection, release, row.revision)

    def release(self, connection: Connection, release_id: int, revision: int) -> LoadedRelease:
        """Return a release with its items as of a revision of `slate`, or as of a later one.

        The first request loads it while the others wait.
        """
        release = self._releases.get(release_id)
        if release is not None and release.revision >= revision:
            return release
        with self._lock:
            release = self._releases.get(release_id)
            if release is None or release.revision < revision:
                release = _current(connection, release, release_id, revision)
                self._releases[release_id] = release
                self._reasons.clear()  # they name another release, or titles of before
                while len(self._releases) > MAX_RELEASES:
                    self._releases.popitem(last=False)
            return release

    def slate(self, connection: Connection, release: LoadedRelease, revision: int) -> Slate:
        """Return the slate of a release and this revision, or of a later one.

        It is read again for each release, because another release may have other pinned items.
        """
        key = (release.release_id, revision)
        cached_key, slate = self._slate
        if cached_key == key:
            return slate
        with self._lock:
            if self._slate[0] != key:
                read_revision, slate = store.slate(
                    connection, release.release_id, lambda: release.columns
                )
                # Of a later revision, the release may lack items that `keep_if` would judge anew.
                seen = min(read_revision, release.revision)
                self._slate = ((release.release_id, seen), slate)
            return self._slate[1]

    def get_reasons(self, user_id: str, release_id: int) -> Mapping[str, Reason] | None:
        """Return the cached reasons of a user's list in this release, by item id."""
        cached = self._reasons.get(user_id)
        return cached[1] if cached is not None and cached[0] == release_id else None

    def put_reasons(self, user_id: str, release_id: int, reasons: Mapping[str, Reason]) -> None:
        """Cache the reasons of a user's list."""
        if len(self._reasons) >= MAX_REASONS:
            self._reasons.clear()  # cheaper than an order of use, which would need the lock
        self._reasons[user_id] = (release_id, reasons)

    def drop_reasons(self, user_id: str) -> None:
        """Remove a user's cached reasons, if there are any."""
        self._reasons.pop(user_id, None)


def _current(
    connection: Connection, release: LoadedRelease | None, release_id: int, revision: int
) -> LoadedRelease:
    if release is None:
        return loading.load(connection, release_id)
    return loading.refreshed(connection, release, revision)
