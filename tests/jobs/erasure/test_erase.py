"""Erased users leave the lake: their rows at once, their files by the deadline."""

from pathlib import Path

import pytest
from deltalake import write_deltalake
from sqlalchemy import Engine

from jobs import erase
from jobs.erasure import matches
from jobs.erasure.digests import digest
from tests.support.jobs import filled
from tests.support.jobs.erasing import OTHER, VICTIM, Run, progress, recorded, request
from tests.support.jobs.product import install
from tests.support.jobs.traces import traces
from warehouse import reconciliation
from warehouse.append import append
from warehouse.creation import arrow_schema
from warehouse.datasets import Dataset
from warehouse.maintenance import erasure
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_ERASURES,
    BRONZE_FEEDBACK,
    BRONZE_RATINGS,
    BRONZE_USERS,
    GOLD_ERASED_ROWS,
    SILVER_QUARANTINE,
    SILVER_USERS,
    TABLES,
)

QUOTED = 'victim\'s \\ %\n"id" \N{SNOWMAN}'
# Tables without a row about, or made from, a single user.
WITHOUT_USERS = {
    "bronze.landings", "bronze.items", "bronze.item_changes", "bronze.categories",
    "bronze.collections",
    "bronze.erasures", "bronze.quarantine_decisions", "silver.refinements", "silver.items",
    "silver.item_index",
    "gold.nominations", "gold.freezes", "gold.trials", "gold.searches", "gold.model_metrics",
    "gold.verdicts", "gold.fits", "gold.item_factors", "gold.content_weights",
    "gold.fallback_lists",
    "gold.similar_items", "gold.taken_together", "gold.erased_rows", "gold.purges",
    "gold.maintenance", "gold.backtest_plans", "gold.backtests",
}  # fmt: skip


def test_every_table_is_known_to_have_users_or_none() -> None:
    with_users = {table.full_name for table in matches.USER_TABLES}
    assert {table.full_name for table in TABLES} == with_users | WITHOUT_USERS
    assert not with_users & WITHOUT_USERS
    assert {t.full_name for t in TABLES if "user_id" in t.names} <= with_users


def test_an_erased_user_is_in_no_file_after_the_purge(
    root: str, owner: Engine, run: Run, dataset: Dataset
) -> None:
    filled.fill(root, [VICTIM, OTHER, QUOTED])
    filled.fill(root, [OTHER, VICTIM], run="2")
    request(owner, VICTIM, QUOTED)
    names = {table.full_name for table in matches.USER_TABLES}

    outcome = run()

    assert (outcome.n_listed, outcome.n_found) == (2, 2)
    assert traces(root, [VICTIM, "SNOWMAN", "\N{SNOWMAN}", "victim"]) == {}
    assert {file.split("/_")[0].replace("/", ".") for file in traces(root, [OTHER])} >= names
    lake = Lake(root)
    for table in matches.USER_TABLES:
        assert {OTHER in str(row) for row in lake.rows(table)} == {True}
        assert lake.mark(table, "product__ingest/2/fill#") == 1
    for table in {*filled.FILLED} - {*matches.USER_TABLES}:
        assert lake.n_rows(table) == 5, table.full_name
    assert lake.n_rows(BRONZE_ERASURES) == 2
    assert recorded(root).keys() == names
    by_victim = {"user_digest": digest(dataset.name, VICTIM)}
    assert {row["n_rows"] for row in lake.rows(GOLD_ERASED_ROWS, equals=by_victim)} == {2}
    assert progress(owner) == [(True, True)] * 2
    assert {table.full_name for table in TABLES if erasure.first_since(root, table, 0)} == names


def test_old_files_stay_until_the_deadline(root: str, owner: Engine, run: Run) -> None:
    filled.fill(root, [VICTIM, OTHER])
    request(owner, VICTIM)

    assert run(within_days=30).n_files == 0

    assert [VICTIM in str(Lake(root).rows(table)) for table in matches.USER_TABLES].count(True) == 0
    assert traces(root, [VICTIM]) != {}
    assert progress(owner) == [(True, False)]
    assert run(within_days=2).n_files > 0
    assert traces(root, [VICTIM]) == {}
    assert progress(owner) == [(True, True)]


def test_a_second_run_changes_nothing(root: str, owner: Engine, run: Run) -> None:
    filled.fill(root, [VICTIM, OTHER])
    request(owner, VICTIM)
    run()
    before = {table: Lake(root).version(table) for table in TABLES}

    assert run() == erase.Outcome(n_listed=1)

    assert {table: Lake(root).version(table) for table in TABLES} == before


def test_without_erased_users_nothing_is_read_or_written(root: str, run: Run) -> None:
    assert run() == erase.Outcome()
    assert not Path(root).exists()


def test_a_user_who_is_only_in_old_versions_is_purged_too(
    root: str, owner: Engine, run: Run
) -> None:
    filled.fill(root, [VICTIM, OTHER])
    for table in (SILVER_USERS, SILVER_QUARANTINE):  # a snapshot without the user replaces them
        none = arrow_schema(table).empty_table()
        write_deltalake(table.uri(root), none, mode="overwrite")
    request(owner, VICTIM)

    run()

    assert traces(root, [VICTIM]) == {}
    assert recorded(root)["silver.users"] == 0


def test_a_line_that_could_not_be_split_is_deleted(root: str, owner: Engine, run: Run) -> None:
    malformed = {"user_id": None, "raw": f"{VICTIM};5;broken"}
    row = filled.row(BRONZE_USERS, OTHER, 1) | malformed
    append(root, BRONZE_USERS, [row], run_key=RunKey("product__ingest", "1", "land"))
    failed = {"sent": VICTIM, "failed_checks": ["line_malformed"], "target": "users"}
    quarantined = filled.row(SILVER_QUARANTINE, OTHER, 1) | failed
    append(root, SILVER_QUARANTINE, [quarantined], run_key=RunKey("d", "1", "refine"))
    request(owner, "another-user")

    run()

    assert traces(root, [VICTIM]) == {}


def test_an_id_with_other_spaces_is_another_user(root: str, owner: Engine, run: Run) -> None:
    filled.fill(root, [VICTIM, f" {VICTIM}"])  # files: the same user; elsewhere: two users
    request(owner, VICTIM)

    run()

    lake = Lake(root)
    assert lake.rows(BRONZE_RATINGS) == []
    assert [row["user_id"] for row in lake.rows(BRONZE_FEEDBACK)] == [f" {VICTIM}"]


def test_events_stay_accounted_for(root: str, owner: Engine, run: Run) -> None:
    filled.fill(root, [VICTIM])
    lake = Lake(root)
    before = reconciliation.reconcile(lake)
    request(owner, VICTIM)

    run()

    after = reconciliation.reconcile(lake)
    assert (before.n_bronze, before.n_deleted) == (1, 0)
    assert (after.n_bronze, after.n_deleted) == (0, 1)


def test_the_command_reads_the_deadline_unless_files_go_at_once(
    root: str,
    owner: Engine,
    publisher: Engine,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, dataset, root)
    filled.fill(root, [VICTIM, OTHER])
    request(owner, VICTIM)

    erase.main(["--dataset", "product"], engine=publisher)
    assert traces(root, [VICTIM]) != {}
    erase.main(["--dataset", "product", "--now"], engine=publisher)

    assert traces(root, [VICTIM]) == {}
