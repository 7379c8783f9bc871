"""Whole DAGs, run by Airflow in this process, with stand-ins for the jobs."""

from dataclasses import dataclass
from urllib.parse import quote

import pytest

from tests.dags.conftest import PASSWORD, Run, run_here, stand_in
from tests.support.dags.stand_ins import Jobs


@dataclass(frozen=True)
class Retrain:
    """A retrain with an empty form: the state of each task, and the calls of the jobs."""

    states: dict[str, str]
    jobs: Jobs


@pytest.fixture(scope="module")
def retrain(metadata: None, tmp_path_factory: pytest.TempPathFactory) -> Retrain:  # noqa: ARG001 # it needs the tables
    with pytest.MonkeyPatch.context() as patch:
        jobs = stand_in(tmp_path_factory.mktemp("retrain"), patch)
        return Retrain(run_here("playground__retrain"), jobs)


def n_announced(dag_id: str) -> int:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    mine = AssetEvent.source_dag_id == dag_id
    with create_session() as session:
        return session.scalar(select(func.count()).select_from(AssetEvent).where(mine)) or 0


def test_enough_new_rows_are_announced(run: Run, jobs: Jobs) -> None:
    before = n_announced("playground__ingest")
    assert set(run("playground__ingest").values()) == {"success"}
    calls = [call.job for call in jobs.calls()]
    assert (sorted(calls[:2]), calls[2:]) == (["land", "settle"], ["refine", "announce"])
    with_url = [call.job for call in jobs.calls() if "SERVING_DATABASE_URL" in call.env]
    assert with_url == ["settle"]
    assert n_announced("playground__ingest") == before + 1


def test_too_few_new_rows_are_not_announced(run: Run, jobs: Jobs) -> None:
    jobs.end_with(announce=99)
    before = n_announced("playground__ingest")
    states = run("playground__ingest")
    assert (states["run"], states["refine"], states["announce"]) == ("success",) * 2 + ("skipped",)
    assert n_announced("playground__ingest") == before


def test_collected_events_are_announced(run: Run, jobs: Jobs) -> None:
    before = n_announced("playground__collect")
    assert set(run("playground__collect").values()) == {"success"}
    assert [call.job for call in jobs.calls()] == ["collect", "announce"]
    assert n_announced("playground__collect") == before + 1
    with_url = [call.job for call in jobs.calls() if "SERVING_DATABASE_URL" in call.env]
    assert with_url == ["collect"]


def test_without_new_events_nothing_is_announced_and_the_run_succeeds(run: Run, jobs: Jobs) -> None:
    jobs.end_with(collect=99)
    before = n_announced("playground__collect")
    states = run("playground__collect")
    assert (states["run"], states["collect"], states["announce"]) == (
        *("success", "success"), "skipped",
    )  # fmt: skip
    assert n_announced("playground__collect") == before


def test_too_few_collected_events_are_not_announced(run: Run, jobs: Jobs) -> None:
    jobs.end_with(announce=99)
    before = n_announced("playground__collect")
    assert run("playground__collect")["announce"] == "skipped"
    assert n_announced("playground__collect") == before


def test_a_retrain_runs_every_job_once(retrain: Retrain) -> None:
    assert set(retrain.states.values()) == {"success"}
    called = [call.job for call in retrain.jobs.calls()]
    assert sorted(called[:3]) == ["erase", "freeze", "nominate"]
    assert called.index("erase") < called.index("freeze")
    assert called[3:] == ["search", "evaluate", "decide", "fit", "publish"]


def test_a_hold_succeeds_and_nothing_is_fitted(run: Run, jobs: Jobs) -> None:
    jobs.end_with(decide=99)
    states = run("playground__retrain")
    assert (states["run"], states["decide"]) == ("success", "success")
    assert (states["fit"], states["publish"]) == ("skipped", "skipped")
    assert states["approve"] == "skipped"
    assert {call.job for call in jobs.calls()} == {
        "erase", "freeze", "nominate", "search", "evaluate", "decide",
    }  # fmt: skip


def test_every_job_gets_its_data_set_and_its_run_key(retrain: Retrain) -> None:
    for call in retrain.jobs.calls():
        assert "--dataset=playground" in call.words
        key = next(word for word in call.words if word.startswith("--run-key="))
        assert key.startswith("--run-key=playground__retrain/manual__")
        assert key.endswith(f"/{call.job}")


def test_nominate_gets_the_values_of_the_form(run: Run, jobs: Jobs) -> None:
    reason = 'new films; $(rm -rf ~) "{{ 1 + 1 }}" --recipe=other'
    run("playground__retrain", recipe='{"algorithm": "als"}', reason=reason)
    words = jobs.call("nominate").words
    assert words[2:] == ['--recipe={"algorithm": "als"}', f"--reason={reason}"]


def test_the_default_reason_is_how_the_run_was_started(retrain: Retrain) -> None:
    assert retrain.jobs.call("nominate").words[2:] == ["--recipe=", "--reason=By hand"]


def test_search_gets_the_values_of_the_form(run: Run, jobs: Jobs) -> None:
    run("playground__retrain", search_budget_minutes=15, search_max_trials=40, search_family="als")
    words = [word for word in jobs.call("search").words if word.startswith("--")]
    assert words[-3:] == ["--minutes=15", "--trials=40", "--family=als"]


def test_without_a_budget_search_gets_0_minutes(retrain: Retrain) -> None:
    words = [word for word in retrain.jobs.call("search").words if word.startswith("--")]
    assert words[-3:] == ["--minutes=0", "--trials=0", "--family=any"]


def test_only_jobs_that_need_postgres_get_its_url(retrain: Retrain) -> None:
    with_url = {call.job for call in retrain.jobs.calls() if "SERVING_DATABASE_URL" in call.env}
    assert with_url == {"erase", "nominate", "decide", "publish"}
    assert retrain.jobs.call("publish").env["SERVING_DATABASE_URL"] == (
        "postgresql+psycopg2://publisher:p%40ss%3Aw%2Frd@127.0.0.1:5433/lantern"
    )


def test_no_job_inherits_a_secret_of_airflow(
    run: Run, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "never-to-be-seen")
    run("playground__ingest")
    run("playground__retrain")
    for call in jobs.calls():
        seen = " ".join([*call.words, *call.env.values()])
        assert "never-to-be-seen" not in seen
        assert PASSWORD not in seen
        assert (
            call.job in {"settle", "erase", "nominate", "decide", "publish"}
            or quote(PASSWORD, "") not in seen
        )
        assert [name for name in call.env if name.startswith("AIRFLOW__")] == []


def test_a_failed_job_fails_the_run(run: Run, jobs: Jobs) -> None:
    jobs.end_with(decide=2)
    states = run("playground__retrain")
    assert (states["run"], states["decide"]) == ("failed", "failed")
    assert (states["fit"], states["publish"]) == ("upstream_failed", "upstream_failed")


def test_maintain_erases_users_before_it_removes_old_files(run: Run, jobs: Jobs) -> None:
    states = run("playground__maintain")
    tasks = ("erase", "compact", "vacuum", "prune", "clean_airflow")
    assert states == dict.fromkeys(("run", *tasks), "success")
    called = [call.job for call in jobs.calls()]
    assert sorted(called) == ["clean_airflow", "compact", "erase", "prune", "vacuum"]
    assert called.index("erase") < called.index("compact") < called.index("vacuum")
    with_url = {call.job for call in jobs.calls() if "SERVING_DATABASE_URL" in call.env}
    assert with_url == {"erase", "vacuum", "prune"}


def test_only_the_job_of_alerts_gets_their_settings(
    run: Run, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "https://canary.example.org")

    assert set(run("platform__alert").values()) == {"success"}
    run("playground__maintain")

    called = {call.job: call for call in jobs.calls()}
    assert called["alert"].env["ALERT_WEBHOOK_URL"] == "https://canary.example.org"
    assert "SERVING_DATABASE_URL" in called["alert"].env
    assert called["alert"].words == []
    others = [call for name, call in called.items() if name != "alert"]
    assert len(others) == 5
    assert "canary" not in str([call.env for call in others])
