"""Operators' acts as the API answers them, kept in memory: releases, keys, erasures, the audit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from serving.schemas import (
    Action,
    Activation,
    ApiKey,
    AuditEntry,
    AuditPage,
    CreatedApiKey,
    DagRun,
    Erasure,
    ErasureState,
    ExampleLists,
    ItemShare,
    LiveState,
    PastRelease,
    QuarantineDecision,
    ReleaseChanges,
    StartedBacktest,
    TableSize,
    Upload,
)
from tests.support.dashboards import fake_retrains, shop
from tests.support.dashboards.fake_airflow import FakeAirflow

HOSTILE_REASON = "festival <b>week</b> **bold**"
Problem = tuple[int, str]


def past_releases() -> list[PastRelease]:
    """Return the shop's releases, newest first: the oldest is deleted."""
    newest, *older = shop.releases()
    acts = (
        Activation(
            action="publish",
            instead_of=11,
            actor=f"{shop.RETRAIN}/publish",
            reason="The challenger beats the champion.",
            acted_at=shop.NOW - timedelta(hours=2),
        ),
    )
    return [
        PastRelease(**newest.model_dump(), kept=True, live_until=None, activations=acts),
        *(
            PastRelease(
                **release.model_dump(),
                kept=release.release_id > 8,  # the oldest is deleted
                live_until=release.ready_at + timedelta(days=1),
                activations=(),
            )
            for release in older
        ),
    ]


def first_entry() -> AuditEntry:
    return AuditEntry(
        audit_id=1,
        acted_at=shop.NOW - timedelta(hours=2),
        actor="jonas <b>",
        action="change_rules",
        target="rules",
        reason=HOSTILE_REASON,
        outcome="done",
        problem=None,
        before={"version": 1},
        after={"version": 2},
    )


@dataclass
class FakeOperations:
    """Releases and the audit. `refusal` is the status and code of every answer, if set."""

    releases: list[PastRelease] = field(default_factory=past_releases)
    entries: list[AuditEntry] = field(default_factory=lambda: [first_entry()])
    erased: list[str] = field(default_factory=list)
    maintained: list[str] = field(default_factory=list)
    refusal: Problem | None = None
    compared: list[tuple[int, int]] = field(default_factory=list)
    backtests: list[dict[str, Any]] = field(default_factory=list)  # bodies of requests
    airflow: FakeAirflow = field(default_factory=FakeAirflow)
    decisions: list[QuarantineDecision] = field(default_factory=list)

    @property
    def live(self) -> int:
        """The live release."""
        return next(release.release_id for release in self.releases if release.live)

    def activate(self, release_id: int, body: dict[str, Any], actor: str) -> LiveState | Problem:
        """Make a release live."""
        return self._move(release_id, body, actor, "activate", paused_by=None)

    def roll_back(self, body: dict[str, Any], actor: str) -> LiveState | Problem:
        """Make the previous kept release live."""
        older = [each.release_id for each in self.releases if each.release_id < self.live]
        return self._move(older[0], body, actor, "roll_back", paused_by=actor)

    def pause(self, body: dict[str, Any], actor: str, *, paused_by: str | None) -> LiveState:
        """Pause or resume publishing."""
        self.releases = [
            each.model_copy(update={"publishing_paused_by": paused_by if each.live else None})
            for each in self.releases
        ]
        action: Action = "pause" if paused_by else "resume"
        self._record(action, "publishing", body["reason"], actor)
        return LiveState(live_release=self.live, publishing_paused_by=paused_by)

    def changes(self, release_id: int, since: int) -> ReleaseChanges:
        """Return invented changes."""
        self.compared.append((since, release_id))
        item, other = shop.ITEMS[6], shop.ITEMS[0]
        return ReleaseChanges(
            release_id=release_id,
            since=since,
            n_users=2000,
            changed_share=0.342,
            mean_new_items=1.7,
            overlap=0.815,
            persistence=0.9,
            n_came=14,
            n_went=9,
            gained=(ItemShare(item_id=item.item_id, title=item.title, before=0.012, after=0.181),),
            lost=(ItemShare(item_id=other.item_id, title=other.title, before=0.2, after=0.1),),
            examples=(
                ExampleLists(
                    user_id="0042",
                    before=(item.title, shop.ITEMS[1].title),
                    after=(other.title, shop.ITEMS[1].title),
                ),
            ),
        )

    def retrain(self, parts: Sequence[str], body: dict[str, Any], actor: str) -> DagRun | Problem:
        """Perform an act on a retrain."""
        answer, action = fake_retrains.act(self.airflow, parts, body, actor)
        if isinstance(answer, DagRun):
            self._record(action, f"retrain {answer.run_id}", body["reason"], actor)
        return answer

    def start_ingest(self, body: dict[str, Any], actor: str) -> DagRun:
        """Start an ingest."""
        self.airflow.n_ingests += 1
        self._record("start_ingest", "ingest manual__ingest", body["reason"], actor)
        return DagRun(
            dag_id="playground__ingest",
            run_id="manual__ingest",
            state="queued",
            started_by=actor,
            queued_at=None,
        )

    def maintain(self, body: dict[str, Any], actor: str) -> DagRun:
        """Start a run of `maintain`."""
        self.maintained.append(body["reason"])
        run_id = "manual__2026-11-28T13:26:00+00:00"
        self._record("start_maintenance", f"maintain {run_id}", body["reason"], actor)
        return DagRun(
            dag_id="playground__maintain",
            run_id=run_id,
            state="queued",
            started_by=actor,
            queued_at=None,
        )

    def backtest(self, body: dict[str, Any], actor: str) -> StartedBacktest | Problem:
        """Start a backtest, of which one may be active."""
        if any(run["state"] == "running" for run in self.airflow.backtests):
            return 409, "backtest-active"
        self.backtests.append(body)
        self._record("start_backtest", f"backtest {body['first']}", body["reason"], actor)
        return StartedBacktest(backfill_id=1, dag_id="playground__backtest")

    def storage(self) -> list[TableSize]:
        """Return two tables."""
        return [
            TableSize(name="outbox", n_bytes=2_400_000_000, n_rows=1_200_000),
            TableSize(name="items", n_bytes=81_920, n_rows=80),
        ]

    def keys(self) -> list[ApiKey]:
        """Return one key."""
        return [ApiKey(name="shop", scopes=("read",), created_at=shop.NOW)]

    def create_key(self, body: dict[str, Any]) -> CreatedApiKey:
        """Return a new key."""
        return CreatedApiKey(
            name=body["name"], scopes=body["scopes"], created_at=shop.NOW, key="secret"
        )

    def erase(self, body: dict[str, Any], actor: str) -> list[Erasure]:
        """Erase users."""
        self.erased += body["user_ids"]
        self._record("erase", "user 9f86d081884c7d65", body["reason"], actor)
        return [
            Erasure(user_id=user_id, n_events=3, requested_at=shop.NOW)
            for user_id in body["user_ids"]
        ]

    def erasures(self) -> list[ErasureState]:
        """Return one erasure."""
        return [ErasureState(digest="9f86d081884c7d65", requested_at=shop.NOW, requested_by="ada")]

    def decide(self, body: dict[str, Any], actor: str) -> QuarantineDecision | Problem:
        """Decide on rows in quarantine. Only one check can be released."""
        if body["decision"] == "release" and body["check"] != "rating_off_scale":
            return 409, "check-not-releasable"
        decision = QuarantineDecision(
            decision_id=f"{len(self.decisions):032x}",
            decided_at=datetime.now(UTC),
            decided_by=actor,
            **body,
        )
        self.decisions.insert(0, decision)
        action: Action = "release_rows" if body["decision"] == "release" else "reject_rows"
        self._record(action, f"{body['target']}, {body['check']}", body["reason"], actor)
        return decision

    def upload(self, body: dict[str, Any], actor: str) -> Upload:
        """Record an upload."""
        self._record("upload", f"file {body['file_name']}", body["reason"], actor)
        return Upload(file_name=body["file_name"], n_bytes=body["n_bytes"], uploaded_by=actor)

    def audit(self, params: dict[str, str]) -> AuditPage:
        """Return a page of the audit."""
        limit, offset = int(params.get("limit", 50)), int(params.get("offset", 0))
        matching = [
            entry
            for entry in reversed(self.entries)
            if entry.action == params.get("action", entry.action)
            and entry.actor == params.get("actor", entry.actor)
            and params.get("text", "").lower()
            in f"{entry.actor} {entry.target} {entry.reason}".lower()
            and entry.acted_at >= datetime.fromisoformat(params.get("since", "2000-01-01T00:00Z"))
        ]
        page = tuple(matching[offset : offset + limit])
        return AuditPage(entries=page, total=len(matching), limit=limit, offset=offset)

    def _move(
        self,
        release_id: int,
        body: dict[str, Any],
        actor: str,
        action: Action,
        *,
        paused_by: str | None,
    ) -> LiveState | Problem:
        if body["instead_of"] != self.live:
            return 409, "live-release-changed"
        now = datetime.now(UTC)
        act = Activation(
            action="roll_back" if action == "roll_back" else "activate",
            instead_of=self.live,
            actor=actor,
            reason=body["reason"],
            acted_at=now,
        )
        self.releases = [
            each.model_copy(
                update={
                    "activations": (act,) * (each.release_id == release_id) + each.activations,
                    "live": each.release_id == release_id,
                    "live_since": now if each.release_id == release_id else None,
                    "publishing_paused_by": paused_by if each.release_id == release_id else None,
                }
            )
            for each in self.releases
        ]
        self._record(action, f"release {release_id}", body["reason"], actor)
        return LiveState(live_release=release_id, publishing_paused_by=paused_by)

    def _record(self, action: Action, target: str, reason: str, actor: str) -> None:
        self.entries.append(
            AuditEntry(
                audit_id=len(self.entries) + 1,
                acted_at=datetime.now(UTC),
                actor=actor,
                action=action,
                target=target,
                reason=reason,
                outcome="done",
                problem=None,
                before=None,
                after=None,
            )
        )
