import json
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from jobs import fit
from jobs.engine import recipes
from jobs.engine.recipes import Als, AlsWithPriors
from jobs.retraining import item_tables
from jobs.retraining.frozen_tables import frozen
from jobs.runtime.errors import TaskMissingError
from tests.support.jobs.product import kill
from tests.support.jobs.small_world import (
    DISLIKES_ALL,
    HIDES,
    LIKED,
    N_ITEMS,
    N_USERS,
    NEW_USER,
    RUN,
    SMALL,
    UNRATED,
    UNTITLED,
    Retrain,
    Row,
    category,
    likes,
    ratings,
)
from tests.support.runs import under
from warehouse.query import Lake
from warehouse.tables import (
    GOLD_FALLBACK_LISTS,
    GOLD_FITS,
    GOLD_ITEM_FACTORS,
    GOLD_PROFILES,
    GOLD_RECOMMENDATIONS,
    GOLD_SIMILAR_ITEMS,
    GOLD_TAKEN_TOGETHER,
    SILVER_INTERACTIONS,
    Table,
)

LISTS = (
    GOLD_RECOMMENDATIONS,
    GOLD_PROFILES,
    GOLD_ITEM_FACTORS,
    GOLD_FALLBACK_LISTS,
    GOLD_SIMILAR_ITEMS,
    GOLD_TAKEN_TOGETHER,
)


def rows(retrain: Retrain, table: Table, run: str = RUN) -> list[Row]:
    return Lake(retrain.warehouse.root).rows(table, equals={"retrain_id": run})


def test_lists_begin_with_preferred_items_and_leave_out_rated_and_hidden_ones(
    retrained: Retrain,
) -> None:
    rated = {(r["user_id"], i) for r in rows(retrained, GOLD_PROFILES) for i in r["item_ids"]}

    lists = {row["user_id"]: row["item_ids"] for row in rows(retrained, GOLD_RECOMMENDATIONS)}

    assert len(lists) == N_USERS + 1  # the new user too
    for user_id, item_ids in lists.items():
        assert item_ids
        assert not {(user_id, item_id) for item_id in item_ids} & {*rated, HIDES}
        if user_id != NEW_USER:
            assert likes(user_id, item_ids[0])


def test_lists_have_only_rated_items_with_a_title(retrained: Retrain) -> None:
    for table in (GOLD_RECOMMENDATIONS, GOLD_FALLBACK_LISTS, GOLD_SIMILAR_ITEMS, GOLD_PROFILES):
        item_ids = {item_id for row in rows(retrained, table) for item_id in row["item_ids"]}
        assert item_ids
        assert not item_ids & {UNTITLED, UNRATED}, table.full_name


def test_scores_are_finite_and_descending(retrained: Retrain) -> None:
    for table in (GOLD_RECOMMENDATIONS, GOLD_FALLBACK_LISTS, GOLD_SIMILAR_ITEMS):
        for row in rows(retrained, table):
            assert row["scores"] == sorted(row["scores"], reverse=True)
            assert len(row["scores"]) == len(row["item_ids"]) == len(set(row["item_ids"]))


def test_a_user_without_positive_interactions_has_a_profile_and_no_list(retrained: Retrain) -> None:
    assert DISLIKES_ALL not in {row["user_id"] for row in rows(retrained, GOLD_RECOMMENDATIONS)}
    assert DISLIKES_ALL in {row["user_id"] for row in rows(retrained, GOLD_PROFILES)}


def test_profiles_are_newest_first(retrained: Retrain) -> None:
    interactions = retrained.warehouse.read(SILVER_INTERACTIONS).where("user_id = 'u001'")
    newest_first = [
        row["item_id"] for row in interactions.orderBy("rated_at", ascending=False).collect()
    ]

    [profile] = [row for row in rows(retrained, GOLD_PROFILES) if row["user_id"] == "u001"]

    assert profile["item_ids"] == [item_id for item_id in newest_first if item_id != UNTITLED]
    assert profile["rated_at"] == sorted(profile["rated_at"], reverse=True)


def test_there_is_a_fallback_list_overall_and_for_each_segment(retrained: Retrain) -> None:
    segments = {row["segment"] for row in rows(retrained, GOLD_FALLBACK_LISTS)}

    assert segments == {"", "age=old", "age=young"}
    assert {row["segment"] for row in rows(retrained, GOLD_PROFILES)} == segments - {""}


def test_popularity_is_the_overall_fallback_score_and_recent_interactions_trend(
    retrained: Retrain,
) -> None:
    items = {row["item_id"]: row for row in rows(retrained, GOLD_ITEM_FACTORS)}
    [listed] = [row for row in rows(retrained, GOLD_FALLBACK_LISTS) if not row["segment"]]

    assert [items[i]["popularity"] for i in listed["item_ids"]] == listed["scores"]
    trending = {item_id: row["trending"] for item_id, row in items.items()}
    assert min(trending.values()) > 0
    liked = [row for row in ratings() if row[1] in trending and row[2] == LIKED]
    newest = max(trending, key=trending.__getitem__)
    last = {item_id: at for at, (_, item_id, _) in enumerate(liked)}
    assert newest in sorted(last, key=last.__getitem__)[-10:]


def test_similar_items_appeal_to_the_same_users(retrained: Retrain) -> None:
    for row in rows(retrained, GOLD_SIMILAR_ITEMS):
        first = row["item_ids"][0]
        assert int(first[1:]) % 2 == int(row["item_id"][1:]) % 2
        assert row["item_id"] not in row["item_ids"]


def test_the_ledger_has_the_versions_and_the_constants_of_fold_in(retrained: Retrain) -> None:
    [ledger] = rows(retrained, GOLD_FITS)

    constants = json.loads(ledger["constants"])
    assert ledger["recipe"] == recipes.parse(SMALL).name
    assert ledger["n_users"] == len(rows(retrained, GOLD_RECOMMENDATIONS))
    assert dict(ledger["versions"])["silver.interactions"] >= 0
    assert set(constants) == {
        *(
            "weighting",
            "reg",
            "alpha",
            "p",
            "shrinkage",
            "epsilon",
            "global_mean",
            "relevant_from",
            "has_scale",
        )
    }
    assert constants["relevant_from"] == retrained.dataset.scale.relevant_from
    assert ledger["code_commit"] == fit.code_commit()


def test_priors_use_attributes_of_users_and_items(retrained: Retrain) -> None:
    recipe = AlsWithPriors(als=Als(rank=2, iterations=5), models=1)
    rows_of_run = frozen(under(retrained.warehouse, retrained.key("fit")), retrained.dataset)

    learned = fit.learn(rows_of_run, retrained.dataset, recipe)
    model = learned.model
    rows_of_model = item_tables.item_factors(model, learned.trending).to_pylist()

    kinds = [name.split(":")[0] for name in model.constants["columns"]]
    assert kinds == ["popularity", "released", "segment", "segment", *["category"] * 4]
    assert model.catalogue.released is not None
    assert set(model.catalogue.released.tolist()) == {1999.0}
    assert json.loads(json.dumps(model.constants)) == model.constants
    assert {len(row["factors"]) for row in rows_of_model} == {2 + len(kinds)}


def test_a_second_run_changes_nothing(retrained: Retrain) -> None:
    lake, tables = Lake(retrained.warehouse.root), (*LISTS, GOLD_FITS)
    before = [lake.version(table) for table in tables]

    retrained.fit()

    assert [lake.version(table) for table in tables] == before


@pytest.mark.soak
def test_a_run_that_died_before_the_ledger_writes_only_the_ledger(
    retrained: Retrain, publisher: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrain = replace(retrained, engine=publisher, run="product__retrain/dies")
    retrain.freeze()
    retrain.nominate("popular_by_segment")
    retrain.search()
    retrain.evaluate()
    retrain.decide()

    with monkeypatch.context() as patched:
        patched.setattr(fit, "code_commit", kill)  # a value of the ledger's row
        with pytest.raises(KeyboardInterrupt):
            retrain.fit()
    assert rows(retrain, GOLD_FITS, retrain.run) == []
    before = [Lake(retrain.warehouse.root).version(table) for table in LISTS]

    retrain.fit()

    assert [Lake(retrain.warehouse.root).version(table) for table in LISTS] == before
    [ledger] = rows(retrain, GOLD_FITS, retrain.run)
    lists = rows(retrain, GOLD_RECOMMENDATIONS, retrain.run)
    assert ledger["n_users"] == len(lists)
    _assert_popularity_serves_all_users(retrain, lists)


def _assert_popularity_serves_all_users(retrain: Retrain, lists: list[Row]) -> None:
    """Check lists for users without positive ratings, empty factors, and similarity by category."""
    assert {DISLIKES_ALL, NEW_USER} <= {row["user_id"] for row in lists}
    items = rows(retrain, GOLD_ITEM_FACTORS, retrain.run)
    assert len(items) == N_ITEMS
    assert {len(row["factors"]) for row in items} == {0}
    assert all(row["popularity"] > 0 and row["trending"] > 0 for row in items)
    [ledger] = rows(retrain, GOLD_FITS, retrain.run)
    assert json.loads(ledger["constants"]) == {"has_scale": True, "relevant_from": 4.0}
    for row in rows(retrain, GOLD_SIMILAR_ITEMS, retrain.run):
        assert {category(item_id) for item_id in row["item_ids"]} == {category(row["item_id"])}


def test_nothing_is_fitted_before_the_decision(retrained: Retrain) -> None:
    retrain = replace(retrained, run="product__retrain/undecided")

    with pytest.raises(TaskMissingError, match=r"run jobs\.decide first"):
        retrain.fit()
