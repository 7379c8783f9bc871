"""A fit becomes a release: its rows are copied from the lake to Postgres, without Spark."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from jobs import approve as approving
from jobs import publish
from jobs.engine import recipes
from jobs.runtime.errors import NotApprovedError, TaskMissingError
from serving import catalogue
from serving.acts import audit
from serving.errors import LiveReleaseChangedError
from serving.lists import recommendations, scoring, together, user_state
from serving.lists.precomputed import ListRequest
from serving.lists.releases.cache import ReleaseCache
from serving.publishing import releases
from serving.tables import ItemFactors, Profile
from tests.support.jobs.product import install
from tests.support.jobs.releasing import paused, released
from tests.support.jobs.small_world import DISLIKES_ALL, RUN, SMALL, Retrain, likes, world
from tests.support.serving import live_shop, shop
from warehouse.query import Lake
from warehouse.tables import GOLD_ITEM_FACTORS, GOLD_PROFILES, GOLD_TAKEN_TOGETHER
from warehouse.tables.vocabulary import NOTHING_TO_DO, RecipeName

RECIPE = recipes.parse(SMALL)


def test_postgres_has_the_lists_of_the_lake(retrained: Retrain) -> None:
    with shop.reading(retrained.engine) as connection:
        own = recommendations.for_user(connection, ReleaseCache(), "u004", ListRequest(limit=5))
        fallback = recommendations.for_user(
            connection, ReleaseCache(), DISLIKES_ALL, ListRequest(limit=5)
        )
    with Session(retrained.engine) as reading:
        live = releases.live(reading)

    assert live is not None
    assert (live.retrain_id, live.recipe) == (RUN, RECIPE.name)
    assert (own.kind, fallback.kind) == ("batch", "fallback")
    assert likes("u004", own.items[0].item_id)
    assert own.items[0].title == f"Title of {own.items[0].item_id}"


def test_the_release_has_segments_and_popularities(retrained: Retrain) -> None:
    lake = Lake(retrained.warehouse.root)
    equals = {"retrain_id": RUN}
    with Session(retrained.engine) as reading:
        profiles = {row.user_id: row.segment for row in reading.scalars(select(Profile))}
        items = {
            row.item_id: pytest.approx((row.popularity, row.trending))
            for row in reading.scalars(select(ItemFactors))
        }

    rows = lake.read(GOLD_PROFILES, columns=["user_id", "segment"], equals=equals).to_pylist()
    assert profiles == {row["user_id"]: row["segment"] for row in rows}
    assert profiles["u000"] == "age=old"
    rows = lake.read(GOLD_ITEM_FACTORS, equals=equals).to_pylist()
    assert items == {row["item_id"]: (row["popularity"], row["trending"]) for row in rows}


def test_a_fit_from_before_a_table_is_published_without_its_lists(
    retrained: Retrain, publisher: Engine, tmp_path: Path
) -> None:
    without = shutil.ignore_patterns(GOLD_TAKEN_TOGETHER.name)
    shutil.copytree(retrained.warehouse.root, tmp_path / "lake", ignore=without)
    root = str(tmp_path / "lake")
    assert not Lake(root).exists(GOLD_TAKEN_TOGETHER)

    publish.run(root, retrained.dataset, publisher, run_key=retrained.key("publish"))

    with shop.reading(publisher) as connection:
        assert not together.with_item(connection, ReleaseCache(), "i04", limit=5).items


@pytest.mark.parametrize("name", ["item_item", "ease"])
def test_an_item_item_release_is_served_from_its_lists_and_folds_new_ratings_in(
    retrained: Retrain, publisher: Engine, owner: Engine, name: RecipeName
) -> None:
    retrain = replace(retrained, engine=publisher, run=f"product__retrain/{name}")
    retrain.run_all(name)
    with shop.reading(publisher) as connection:
        cache = ReleaseCache()
        batch = recommendations.for_user(connection, cache, "u004", ListRequest(limit=5))
        [release] = cache.live(connection)[:1]
        state = user_state.read(connection, release.release_id, "u004")
        scored = scoring.score(release, state, state.seen(release))
        best, scores = scored.best(scored.excluded, 5)

    assert batch.recipe == recipes.by_name(retrain.dataset)[name].name
    assert batch.kind == "batch"
    assert [release.ids[position] for position in best] == [x.item_id for x in batch.items]
    assert scores == pytest.approx([item.score for item in batch.items], abs=1e-5)
    seen = batch.items[0].item_id
    live_shop.rate(owner, "u004", seen, 5.0)
    with shop.reading(publisher) as connection:
        live = recommendations.for_user(connection, cache, "u004", ListRequest(limit=5))
    assert live.kind == "live"
    assert seen not in [item.item_id for item in live.items]


@pytest.mark.parametrize(("delivery", "n_found"), [("increments", 1), ("snapshots", 0)])
def test_only_a_data_set_of_snapshots_withdraws_what_silver_lacks(
    retrained: Retrain, publisher: Engine, owner: Engine, delivery: str, n_found: int
) -> None:
    with owner.begin() as connection:  # as an earlier delivery brought it
        connection.execute(
            text("insert into items (item_id, title, search) values ('old', 'Old', 'old')")
        )
    dataset = world(source={"kind": "inbox", "delivery": delivery})

    replace(retrained, engine=publisher, dataset=dataset).publish()

    with shop.reading(publisher) as connection:
        page = catalogue.page(connection, q="old", category=None, limit=1, offset=0)
        everything = catalogue.page(connection, q="", category=None, limit=1, offset=0)
        about = catalogue.about(connection)
    assert (page.total, everything.total) == (n_found, about.n_items)


def test_a_retrain_that_needs_another_account_is_not_published_without_its_approval(
    retrained: Retrain, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = world(schedule={"approval_by_another": True})
    retrain = replace(retrained, engine=publisher, dataset=asking)
    install(monkeypatch, asking, retrained.warehouse.root)

    def approve(run: str, by: str) -> None:
        words = ["--dataset=product", f"--run-key={run}/approve", f"--approved-by={by}"]
        approving.main([*words, "--started-by=maya"], engine=publisher)

    approved = f"retrain {RUN.partition('/')[2]}"
    with Session(publisher) as session, session.begin():  # the API's entry is not enough
        audit.record(session, audit.Act("jonas", "approve", approved, "Good.", session))
    approve("product__retrain/another", "jonas")
    approve(RUN, "maya")
    with pytest.raises(NotApprovedError, match=r"nothing was published\. Clear the task `approve`"):
        retrain.publish()


def test_an_approval_by_another_account_is_recorded_once(
    retrained: Retrain, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = world(schedule={"approval_by_another": True})
    install(monkeypatch, asking, retrained.warehouse.root)
    words = ["--dataset=product", f"--run-key={RUN}/approve", "--approved-by=jonas"]
    for _ in range(2):
        approving.main(words, engine=publisher)

    assert replace(retrained, engine=publisher, dataset=asking).publish() > 0
    entries = "select actor, target from audit where action = 'approve'"
    assert shop.rows(publisher, entries) == [("jonas", f"retrain {RUN.partition('/')[2]}")]


def test_the_record_of_an_approval_names_the_entry_that_has_its_reason(
    retrained: Retrain, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, world(), retrained.warehouse.root)
    target = f"retrain {RUN.partition('/')[2]}"
    with Session(publisher) as session, session.begin():
        for actor, of in (("jonas", target), ("maya", target), ("jonas", "retrain another")):
            audit.record(session, audit.Act(actor, "approve", of, "Good.", session))
    for _ in range(2):
        words = ["--dataset=product", f"--run-key={RUN}/approve", "--approved-by=jonas"]
        approving.main(words, engine=publisher)

    entries = "select audit_id, reason, after->>'confirms_entry' from audit order by audit_id"
    (given, *_), *_, (_, reason, confirmed) = shop.rows(publisher, entries)
    assert reason == f"The task `approve` confirms entry {given}."
    assert confirmed == str(given)
    assert len(shop.rows(publisher, entries)) == 4


def test_a_second_run_changes_nothing(retrained: Retrain) -> None:
    with Session(retrained.engine) as reading:
        before = len(shop.activations(reading))

    again = retrained.publish()

    with Session(retrained.engine) as reading:
        live = releases.live(reading)
        assert live is not None
        assert live.release_id == again
        assert len(shop.activations(reading)) == before


def test_a_verdict_against_another_release_is_not_published(
    retrained: Retrain, publisher: Engine
) -> None:
    released(publisher, RECIPE)  # went live after the nomination, when no release was live

    with pytest.raises(LiveReleaseChangedError, match=r"nothing was published\. Retrain again"):
        replace(retrained, engine=publisher).publish()


def test_the_command_exits_with_99_if_publishing_was_paused_since(
    retrained: Retrain, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_id = paused(publisher, RECIPE)
    install(monkeypatch, retrained.dataset, retrained.warehouse.root)

    code = publish.main(["--dataset", "product", "--run-key", f"{RUN}/publish"], engine=publisher)

    assert code == NOTHING_TO_DO
    with Session(publisher) as reading:
        assert releases.live_id(reading) == live_id


def test_the_next_retrain_refreshes_the_live_recipe(retrained: Retrain, publisher: Engine) -> None:
    released(publisher, RECIPE)
    retrain = replace(retrained, engine=publisher, run="product__retrain/two")
    retrain.freeze()
    retrain.nominate()
    with pytest.raises(TaskMissingError, match=r"run jobs\.decide first"):
        retrain.publish()
    retrain.search()
    retrain.evaluate()
    assert retrain.decide()
    with pytest.raises(TaskMissingError, match=r"run jobs\.fit first"):
        retrain.publish()
    retrain.fit()

    release = retrain.publish()

    with Session(publisher) as reading:
        live = releases.live(reading)
        assert live is not None
        assert (live.release_id, live.retrain_id) == (release, "product__retrain/two")
        newest = shop.activations(reading)[0]
    assert newest.reason.startswith("Refresh: the challenger is the live recipe")
