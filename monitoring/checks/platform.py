"""Checks of the platform itself: services and the disk. They are the same for all data sets."""

from collections.abc import Iterator, Mapping

from monitoring.durations import size
from monitoring.facts import Disk
from monitoring.levels import Check, Level, Line

MIN_FREE_BYTES, MIN_FREE_SHARE = 5 << 30, 0.05  # below either, a retrain could fill the disk soon
FULL_BYTES, FULL_SHARE = 1 << 30, 0.01  # below either, it may fill at any moment
CHECKS = ("services", "disk")
_DISK = Check("disk", "Disk")


def services(answering: Mapping[str, bool]) -> Iterator[Line]:
    """Yield one line for all services, if any is checked."""
    if not answering:
        return
    down = [name for name, is_up in answering.items() if not is_up]
    about = Check("services", "Services")
    if not down:
        yield about.line("ok", "All up", f"{_listed(answering)} answer.")
        return
    step = "Run `lantern status`, read `lantern logs NAME`, and start it with `lantern up`."
    detail = f"{_listed(down)} {'does' if len(down) == 1 else 'do'} not answer."
    yield about.line("error", f"{len(down)} down", detail, step)


def disk(space: Disk | None) -> Iterator[Line]:
    """Yield the line of the lake's disk, if it is on one."""
    if space is None:
        return
    level = disk_level(space)
    detail = f"{size(space.n_free)} free of {size(space.n_total)} on the lake's disk."
    if level == "ok":
        yield _DISK.line("ok", "Enough space", detail)
        return
    word = "Full" if level == "error" else "Nearly full"
    step = "Free space before the next retrain: a full disk stops retrains and events."
    yield _DISK.line(level, word, detail, step, "maintenance")


def disk_level(space: Disk) -> Level:
    """Return the level of a disk by its free space."""
    if space.n_free < max(FULL_BYTES, FULL_SHARE * space.n_total):
        return "error"
    if space.n_free < max(MIN_FREE_BYTES, MIN_FREE_SHARE * space.n_total):
        return "warning"
    return "ok"


def _listed(names: Mapping[str, bool] | list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
