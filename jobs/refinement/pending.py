"""The landings that one refinement reads: pending ones, or all if silver is written anew.

Silver is written anew from all landings in force if the manifest changed in a field that says how
rows are refined, if an operator released rows in quarantine or took that back, or if a landing
replaces one that was refined. For each snapshot, the tables of its targets are written anew. So a
correction takes effect on rows that were refined before, and rows in quarantine are checked again.

Two refinements may run at once. Each change of `silver.refinements` is numbered, and a refinement
records its landings only if none was recorded since it read its batch. Otherwise it was overtaken:
rows that it wrote may be older than those of the other one. It then refines its landings again,
together with those that were recorded meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Final

from jobs.refinement import manifest_digest
from jobs.refinement.checking import decisions
from jobs.refinement.checking.decisions import Released
from jobs.runtime.errors import JobError
from warehouse import landings
from warehouse.datasets import Dataset
from warehouse.landings import Landing
from warehouse.manifests.sources import Files
from warehouse.query import Lake
from warehouse.tables import BRONZE, SILVER_QUARANTINE, SILVER_REFINEMENTS

REFUSED: Final = "landing_refused"
RECORDED: Final = "recorded"  # name of a mark in silver.refinements; its version counts refinements
HISTORY: Final = ("ratings", "events", "feedback")
CATALOGUE: Final = ("items", "categories")
USERS: Final = ("users",)
CHANGES: Final = ("item_changes",)
USER_CHANGES: Final = ("user_changes",)
_GROUPS: Final = (HISTORY, CATALOGUE, USERS, CHANGES, USER_CHANGES)


@dataclass(frozen=True, slots=True)
class Batch:
    """The landings of one refinement, oldest first.

    Args:
        landings: those that the refinement records.
        in_force: those whose rows enter silver, if their target is written.
        manifest: digest of the manifest's fields that say how rows are refined.
        refused: ids of landings whose rows all go to the quarantine.
        rebuilds: whether all tables of silver are written anew.
        snapshots: whether tables of targets with a new landing are written anew.
        merges_categories: whether items are made from two kinds of files, items and categories.
        released: checks that operators released, by landing id.
        refined: ids of the landings that were refined when the batch was read.
        n_recorded: how often refinements were recorded until then.
        overtaken: the batch that this one repeats, as another refinement was recorded meanwhile.
    """

    landings: tuple[Landing, ...]
    in_force: tuple[Landing, ...] = ()
    manifest: str = ""
    refused: tuple[str, ...] = ()
    rebuilds: bool = False
    snapshots: bool = False
    merges_categories: bool = False
    released: Released = field(default_factory=dict)
    refined: frozenset[str] = frozenset()
    n_recorded: int = 0
    overtaken: "Batch | None" = None

    def digest_of(self, landing_id: str) -> str:
        """Return the digest of how the landing's rows are refined."""
        return decisions.digest(self.manifest, self.released.get(landing_id, ()))

    @property
    def write_id(self) -> str:
        """A name for the writes of these landings; refusing one of them gives another name."""
        rebuilt = {self.digest_of(x.landing_id) for x in self.landings} if self.rebuilds else ()
        repeated = [self.overtaken.write_id] if self.overtaken else []
        return landings.write_id([*_ids(self.landings), *self.refused, *rebuilt, *repeated])

    @property
    def first_refined(self) -> frozenset[str]:
        """The landings that were refined before the first attempt at this batch."""
        return self.overtaken.first_refined if self.overtaken else self.refined

    @property
    def n_rows(self) -> int:
        """The number of landed rows to read."""
        return sum(landing.n_rows for target in BRONZE for landing in self.checked(target))

    @property
    def overwrites(self) -> bool:
        """Whether the tables that are written have no row but this batch's afterwards."""
        return self.rebuilds or self.snapshots

    def loaded(self, *targets: str) -> list[Landing]:
        """Return the landings of these targets whose rows enter silver, oldest first.

        There are none if no landing for the targets' table is new.
        """
        group = next(group for group in _GROUPS if targets[0] in group)
        pending = {x.landing_id for x in self.landings if x.target in group}
        if not pending and not self.rebuilds:
            return []
        loads_all = self.overwrites or (group == CATALOGUE and self.merges_categories)
        return [
            landing
            for landing in self.in_force
            if landing.target in targets
            and landing.landing_id not in self.refused
            and (loads_all or landing.landing_id in pending)
        ]

    @property
    def event_landings(self) -> list[str]:
        """The ids of the landings whose rows become events, oldest first."""
        return _ids(self.loaded(*HISTORY))

    def checked(self, target: str) -> list[Landing]:
        """Return the target's landings to read: those loaded, and those refused."""
        refused = [x for x in self.landings if x.landing_id in self.refused and x.target == target]
        return self.loaded(target) + refused


def pending_batch(
    lake: Lake,
    dataset: Dataset,
    refused: Sequence[str] = (),
    *,
    overtaken: Batch | None = None,
) -> Batch:
    """Return the batch of all pending landings, or of all in force if silver is written anew.

    After an `overtaken` batch, those are pending as well that were recorded since it was read.

    Raises:
        JobError: a landing to refuse is not pending.
    """
    n_recorded = lake.mark(SILVER_REFINEMENTS, RECORDED) or 0  # before the rows are read
    refined, recorded = landings.refined(lake), landings.recorded(lake)
    known = overtaken.first_refined if overtaken else refined
    pending = [x for x in landings.not_replaced(recorded) if x.landing_id not in known]
    _require_pending(dataset, _ids(pending), refused)
    snapshots = dataset.source.delivery == "snapshots"
    manifest, withdrawn = manifest_digest.of(dataset), landings.replaced(recorded)
    described = [x for x in landings.not_replaced(recorded) if _is_described(dataset, x)]
    released = decisions.released(lake, described)
    digests = {i: decisions.digest(manifest, released.get(i, ())) for i in _ids(described)}
    rebuilds = _must_rebuild(lake, manifest, digests, withdrawn)
    if overtaken is not None:
        refused = overtaken.refused
        rebuilds |= overtaken.rebuilds or bool(withdrawn & {*_ids(overtaken.in_force)})
    all_refused = {*refused, *(_refused_before(lake) if rebuilds or snapshots else ())}
    accepted = [x for x in described if x.landing_id not in all_refused]
    in_force = landings.newest_snapshots(accepted) if snapshots else described
    anew = {*_ids(in_force)} | withdrawn | all_refused if rebuilds else set()
    to_record = {*_ids(pending)} | anew
    return Batch(
        landings=tuple(x for x in recorded if x.landing_id in to_record),
        in_force=tuple(in_force),
        manifest=manifest,
        refused=tuple(x for x in _ids(described) if x in all_refused),
        rebuilds=rebuilds,
        snapshots=snapshots,
        merges_categories=dataset.categories is not None,
        released=released,
        refined=refined,
        n_recorded=n_recorded,
        overtaken=overtaken,
    )


def section_of(dataset: Dataset, landing: Landing) -> Files | None:
    """Return the section of the manifest that describes the landing's rows, if there is one.

    If an entry of `[[events]]` was renamed, it is the one whose pattern the file's name matches.
    """
    if landing.target != "events":
        section: Files | None = getattr(dataset, landing.target, None)
        return section
    entries = dataset.event_sections
    if landing.section in entries:
        return entries[landing.section]
    name = landing.source_file
    return next((x for x in entries.values() if fnmatch(name, x.file)), None)


def _is_described(dataset: Dataset, landing: Landing) -> bool:
    """Return whether the manifest says what the landing's rows are: the API's need no section."""
    if landing.target in ("feedback", *CHANGES, *USER_CHANGES):
        return dataset.takes_feedback
    return section_of(dataset, landing) is not None


def _must_rebuild(
    lake: Lake, manifest: str, in_force: Mapping[str, str], withdrawn: set[str]
) -> bool:
    """Return whether rows in silver are not those that a refinement of today would write.

    `in_force` has the digest of today by landing id. A landing of before the digests counts as
    refined by today's manifest.
    """
    counts = ["n_accepted", "n_quarantined", "n_erased"]
    columns = ["landing_id", "manifest", *counts]
    rows = lake.rows(SILVER_REFINEMENTS, columns=columns)
    was_refined = {row["landing_id"] for row in rows if any(row[name] for name in counts)}
    digests = {row["landing_id"]: row["manifest"] or manifest for row in rows}
    changed = any(digests.get(i, digest) != digest for i, digest in in_force.items())
    return changed or bool(was_refined & withdrawn)


def _refused_before(lake: Lake) -> set[str]:
    rows = lake.rows(SILVER_QUARANTINE, columns=["landing_id", "failed_checks"])
    return {row["landing_id"] for row in rows if REFUSED in row["failed_checks"]}


def _require_pending(dataset: Dataset, pending: Sequence[str], refused: Sequence[str]) -> None:
    if unknown := [landing_id for landing_id in refused if landing_id not in pending]:
        raise JobError(
            f"{dataset.name}: not pending: {', '.join(unknown)}. Refuse pending landings only: "
            f"{', '.join(pending) or 'there are none'}"
        )


def _ids(of: Iterable[Landing]) -> list[str]:
    return [landing.landing_id for landing in of]
