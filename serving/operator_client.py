"""The typed client of an operator, for the console and the command line."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from serving import schemas
from serving.backtest_client import BacktestClient
from serving.client import Client
from serving.inspection_client import InspectionClient


class OperatorClient(Client, InspectionClient, BacktestClient):
    """Client of one data set's API with an operator's token from Airflow.

    Besides the errors of `Client`, every method raises:
        KeyRefusedError: the token is unknown to Airflow, or has expired.
        ScopeMissingError: the user is not an operator.
        OperatorsNotConfiguredError: the API has no address of Airflow.
        OperatorCheckUnavailableError: Airflow does not answer.
    """

    def release_history(self, *, limit: int = 20, offset: int = 0) -> list[schemas.PastRelease]:
        """Return releases, newest first, with every act on each."""
        page = {"limit": limit, "offset": offset}
        return self._get(list[schemas.PastRelease], "releases", "history", **page)

    def release_changes(self, release_id: int, *, since: int) -> schemas.ReleaseChanges:
        """Return what changed in the lists from the release `since` to `release_id`.

        Raises:
            ReleaseNotReadyError: one of them is unknown, or its lists were deleted.
        """
        segments = ("releases", str(release_id), "changes")
        return self._get(schemas.ReleaseChanges, *segments, since=since)

    def activate(
        self, release_id: int, *, instead_of: int | None, reason: str
    ) -> schemas.LiveState:
        """Make a release live. `instead_of` is the live release that the caller saw.

        Raises:
            ReleaseNotReadyError: it is unknown, or its lists were deleted.
            LiveReleaseChangedError: another release is live.
        """
        body = {"instead_of": instead_of, "reason": reason}
        return self._act("releases", str(release_id), "activate", body=body)

    def roll_back(self, *, instead_of: int | None, reason: str) -> schemas.LiveState:
        """Make the previous kept release live, and pause publishing.

        Raises:
            LiveReleaseChangedError: another release than `instead_of` is live.
            NoEarlierReleaseError: no older release is kept.
        """
        body = {"instead_of": instead_of, "reason": reason}
        return self._act("releases", "roll-back", body=body)

    def pause_publishing(self, *, reason: str) -> schemas.LiveState:
        """Pause publishing: the live release stays until it is resumed."""
        return self._act("publishing", "pause", body={"reason": reason})

    def resume_publishing(self, *, reason: str) -> schemas.LiveState:
        """Let retrains publish again."""
        return self._act("publishing", "resume", body={"reason": reason})

    def start_retrain(
        self,
        parameters: Mapping[str, schemas.ParameterValue],
        *,
        reason: str,
        may_wait: bool = False,
    ) -> schemas.DagRun:
        """Start a retrain with these fields of the DAG's form; others keep their defaults.

        Raises:
            RetrainActiveError: another one is active, and this one may not wait behind it.
            RequestRefusedError: a parameter does not fit the form.
            UnknownRunError: Airflow has not loaded the data set's DAG.
        """
        body = {"parameters": dict(parameters), "may_wait": may_wait, "reason": reason}
        return self._request(schemas.DagRun, "retrains", method="POST", body=body)

    def start_ingest(self, *, reason: str) -> schemas.DagRun:
        """Start an ingest; it waits behind an active one.

        Raises:
            UnknownRunError: Airflow has not loaded the data set's DAG.
        """
        body = {"reason": reason}
        return self._request(schemas.DagRun, "ingests", method="POST", body=body)

    def start_maintenance(self, *, reason: str) -> schemas.DagRun:
        """Start a run of the DAG `maintain`; it waits behind an active one.

        Raises:
            UnknownRunError: Airflow has not loaded the data set's DAG.
        """
        body = {"reason": reason}
        return self._request(schemas.DagRun, "maintenance", method="POST", body=body)

    def stop_retrain(self, run_id: str, *, reason: str) -> schemas.DagRun:
        """Stop a retrain; nothing is published.

        Raises:
            UnknownRunError: there is no such run.
            RetrainEndedError: it has ended.
        """
        segments = ("retrains", run_id, "stop")
        return self._request(schemas.DagRun, *segments, method="POST", body={"reason": reason})

    def answer_retrain(self, run_id: str, *, approve: bool, reason: str) -> schemas.DagRun:
        """Approve or reject the model of a retrain.

        Raises:
            UnknownRunError: there is no such run.
            NoQuestionError: it does not wait for an answer.
            OwnRetrainError: the operator started it, and another account must approve it.
        """
        segments, body = ("retrains", run_id, "answer"), {"approve": approve, "reason": reason}
        return self._request(schemas.DagRun, *segments, method="POST", body=body)

    def api_keys(self) -> list[schemas.ApiKey]:
        """Return the data set's API keys by name, without their secrets."""
        return self._get(list[schemas.ApiKey], "keys")

    def create_key(
        self, name: str, scopes: Sequence[schemas.KeyScope], *, reason: str = ""
    ) -> schemas.CreatedApiKey:
        """Return a new API key. It replaces a key of the same name."""
        body = {"name": name, "scopes": [*scopes], "reason": reason}
        return self._request(schemas.CreatedApiKey, "keys", method="POST", body=body)

    def revoke_key(self, name: str, *, reason: str = "") -> schemas.ApiKey:
        """Revoke an API key.

        Raises:
            UnknownKeyError: there is no such key.
        """
        params = {"reason": reason}
        return self._request(schemas.ApiKey, "keys", name, method="DELETE", params=params)

    def audit(
        self,
        *,
        action: schemas.Action | None = None,
        actor: str | None = None,
        text: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> schemas.AuditPage:
        """Return a page of the audit, newest first. All filters must match.

        `text` is looked for in actor, target and reason; case is ignored.
        """
        return self._get(
            schemas.AuditPage,
            "audit",
            action=action,
            actor=actor,
            text=text,
            since=since.isoformat() if since else None,
            until=until.isoformat() if until else None,
            limit=limit,
            offset=offset,
        )

    def quarantine_decisions(self, *, limit: int = 100) -> list[schemas.QuarantineDecision]:
        """Return the decisions on rows in quarantine, newest first."""
        return self._get(list[schemas.QuarantineDecision], "quarantine", "decisions", limit=limit)

    def decide(self, decision: schemas.NewDecision) -> schemas.QuarantineDecision:
        """Release or reject the rows in quarantine that fail a check.

        Raises:
            CheckNotReleasableError: rows that fail this check cannot be accepted.
        """
        body = decision.model_dump(mode="json")
        return self._request(
            schemas.QuarantineDecision, "quarantine", "decisions", method="POST", body=body
        )

    def record_upload(self, upload: schemas.NewUpload) -> schemas.Upload:
        """Record a file that is about to be put into the inbox."""
        body = upload.model_dump(mode="json")
        return self._request(schemas.Upload, "uploads", method="POST", body=body)

    def storage(self) -> list[schemas.TableSize]:
        """Return the data set's tables in Postgres, largest first."""
        return self._get(list[schemas.TableSize], "storage")

    def _act(self, *segments: str, body: Mapping[str, object]) -> schemas.LiveState:
        return self._request(schemas.LiveState, *segments, method="POST", body=body)
