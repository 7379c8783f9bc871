"""Which of the delivered files are landed now, and which earlier landings they replace."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import count

from jobs.ingestion.sources import SentFile
from warehouse.landings import Landing


@dataclass(frozen=True, slots=True)
class Plan:
    """The files to land, and by landing id the landings that each one replaces."""

    files: tuple[SentFile, ...]
    replaces: dict[str, tuple[str, ...]]


def plan(
    delivered: Sequence[SentFile], in_force: Sequence[Landing], taken: Collection[str]
) -> Plan:
    """Return the files to land: those without a landing read as the manifest says now.

    A file that was read in another way before is landed again, and replaces those landings.
    Landings without a `reading`, which older versions wrote, are taken for up to date. `taken` are
    the ids of all landings so far.
    """
    readings: dict[tuple[str, str], set[str]] = defaultdict(set)
    for file in delivered:
        readings[file.target, file.sha256].add(file.reading)
    files, replaces = [], {}
    for file in delivered:
        key = (file.target, file.sha256)
        earlier = [landing for landing in in_force if (landing.target, landing.sha256) == key]
        if any(landing.reading in (None, file.reading) for landing in earlier):
            continue
        new = _unused(file, taken)
        files.append(new)
        replaces[new.landing_id] = tuple(
            landing.landing_id for landing in earlier if landing.reading not in readings[key]
        )
    return Plan(tuple(files), replaces)


def _unused(file: SentFile, taken: Collection[str]) -> SentFile:
    """Return the file with an id that no landing has yet.

    The same bytes are landed again in the same way when a correction of the manifest is taken back,
    and when a snapshot is sent again.
    """
    numbered = (replace(file, repetition=number) for number in count())
    return next(candidate for candidate in numbered if candidate.landing_id not in taken)
