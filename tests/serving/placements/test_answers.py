"""Answers of placements: which shelves there are, and that no item is on two of them."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from serving.errors import (
    FilterRefusedError,
    NoReleaseError,
    UnknownCategoryError,
    UnknownPlacementError,
)
from serving.filters import filtering
from serving.filters.filtering import Filter
from serving.lists import scoring
from serving.lists.releases.cache import ReleaseCache
from serving.lists.releases.loaded import LoadedRelease
from serving.lists.scoring import UserScores
from serving.lists.user_state import UserState
from serving.placements import answers
from serving.placements.answers import PlacementRequest
from serving.placements.defaults import DEFAULTS
from serving.placements.sources import SOURCES
from serving.schemas import PlacementShelf, PlacementTrial
from serving.schemas.placements import MAX_SHELVES
from serving.users import accounts
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import rate
from tests.support.serving.placements import ids, put, shelf, shown
from tests.support.serving.rules import activate_rules

FILTERS = (None, "category == 'kind 1'", "not category == 'age 0'", "available")


@pytest.fixture
def reading(api: Engine) -> Iterator[Connection]:
    with shop.reading(api) as connection:
        yield connection


some_shelves = st.lists(
    st.builds(
        lambda source, text, limit, minimum: shelf(
            source, filter=text, limit=limit, minimum=min(minimum, limit)
        ),
        st.sampled_from([*SOURCES]),
        st.sampled_from(FILTERS),
        st.integers(1, 50),
        st.integers(1, 20),
    ),
    min_size=1,
    max_size=MAX_SHELVES,
)
visitors = st.sampled_from(["p", "q", "nobody", None])
pages = st.lists(st.sampled_from(["0", "8", "50", "nowhere"]), unique=True, max_size=3)


@pytest.mark.usefixtures("wide")
def test_no_item_is_on_two_shelves_of_any_composition(
    api: Engine, owner: Engine, reading: Connection
) -> None:
    """Under rules that pin and hide, with the items of a page, and whatever the sources are."""
    beside = """
        insert into {} (release_id, item_id, item_ids, scores)
        select release_id, base.n::text, array_agg(other.n::text), array_agg(1 - other.n / 200.0)
        from live_release, generate_series(0, 60) as base(n), generate_series(1, 70) as other(n)
        where other.n <> base.n group by release_id, base.n
    """
    with owner.begin() as connection:
        connection.execute(text(beside.format("similar_items")))
        connection.execute(text(beside.format("taken_together")))
    activate_rules(
        api, hide=["3", "11"], pin=[{"item_id": "50", "rank": 2}, {"item_id": "new", "rank": 1}]
    )
    cache = ReleaseCache()

    @settings(max_examples=150, database=None, suppress_health_check=list(HealthCheck))
    @given(some_shelves, visitors, pages)
    def holds(shelves: list[PlacementShelf], user_id: str | None, page: list[str]) -> None:
        trial = PlacementTrial(shelves=tuple(shelves), user_id=user_id, item_ids=tuple(page))
        tried = answers.preview(reading, cache, trial).shelves

        assert [shelf.source for shelf in tried] == [shelf.source for shelf in shelves]
        for wanted, filled in zip(shelves, tried, strict=True):
            found = [item.item_id for item in filled.items]
            assert len(found) == len({*found}) <= wanted.limit
            assert (filled.left_out is None) == (len(found) >= wanted.minimum)
        on_page = [i.item_id for filled in tried if filled.left_out is None for i in filled.items]
        assert len(on_page) == len({*on_page})
        assert not {*on_page} & {"3", "11", *page}

    holds()


@pytest.mark.usefixtures("wide")
def test_an_answer_is_what_its_preview_says(api: Engine, reading: Connection) -> None:
    shelves = [
        shelf("for_you", "Yours", limit=5),
        shelf("again", minimum=4),
        shelf("popular_in_favourite_category", "Best of {category}", limit=3),
        shelf("new", limit=3, filter="not category == 'age 0'"),
    ]
    put(api, "home", *shelves)

    answer = shown(reading, "home", "p")
    trial = PlacementTrial(shelves=tuple(shelves), user_id="p")
    tried = answers.preview(reading, ReleaseCache(), trial).shelves

    assert (answer.placement, answer.version, answer.user_id) == ("home", 1, "p")
    assert [shelf.left_out for shelf in tried] == [
        None,
        "It has 2 items and needs at least 4.",
        None,
        None,
    ]
    kept = [shelf for shelf in tried if shelf.left_out is None]
    assert ids(answer) == [[item.item_id for item in shelf.items] for shelf in kept]
    assert [shelf.title for shelf in answer.shelves] == ["Yours", "Best of age 0", "A shelf"]
    assert [[item.rank for item in shelf.items] for shelf in answer.shelves] == [
        [1, 2, 3, 4, 5],
        [1, 2, 3],
        [1, 2, 3],
    ]
    list_ids = [shelf.list_id for shelf in answer.shelves]
    assert len({*list_ids}) == 3


@pytest.mark.usefixtures("wide")
def test_a_shelf_that_is_left_out_leaves_its_items_to_the_next(
    api: Engine, reading: Connection
) -> None:
    put(api, "home", shelf("again", minimum=3), shelf("again", minimum=2))

    assert ids(shown(reading, "home", "p")) == [["0", "7"]]


@pytest.mark.usefixtures("wide")
def test_a_list_for_the_user_goes_on_below_another_shelf(api: Engine, reading: Connection) -> None:
    put(api, "home", shelf("for_you", limit=3), shelf("trending", limit=2), shelf("for_you"))
    everything = ids(shown(reading, "home", "p", explain=True))
    put(api, "home", shelf("for_you", limit=40), instead_of=1)
    [whole] = ids(shown(reading, "home", "p"))

    first, between, second = everything
    assert first == whole[:3]
    assert second == [i for i in whole if i not in {*first, *between}][:12]


@pytest.mark.usefixtures("wide")
def test_scores_are_computed_once_for_all_shelves(
    api: Engine, reading: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[UserScores] = []
    score = scoring.score

    def counted(release: LoadedRelease, state: UserState, seen: Sequence[str]) -> UserScores:
        scored.append(score(release, state, seen))
        return scored[-1]

    monkeypatch.setattr(scoring, "score", counted)
    put(api, "home", *(shelf("for_you", limit=3) for _ in range(4)))

    assert [shelf.kind for shelf in shown(reading, "home", "q").shelves] == ["live"] * 4
    assert len(scored) == 1


@pytest.mark.usefixtures("released")
def test_the_default_placements_answer_for_a_fresh_data_set(reading: Connection) -> None:
    assert {*DEFAULTS} == {"home", "item", "basket", "email"}
    for name in DEFAULTS:
        for user_id in ("fan", "nobody", None):
            answer = shown(reading, name, user_id, "f1")
            assert answer.version == 0
            assert answer.shelves, (name, user_id)
            assert not any("{" in shelf.title for shelf in answer.shelves)


@pytest.mark.parametrize("name", ["item", "basket"])
@pytest.mark.parametrize(("partners", "is_shown"), [(("f2",), False), (("f2", "o1"), True)])
def test_what_goes_well_with_an_item_is_shown_from_two_items_on(
    publisher: Engine,
    reading: Connection,
    name: str,
    partners: tuple[str, ...],
    *,
    is_shown: bool,
) -> None:
    live_shop.release(publisher, together={"f1": dict.fromkeys(partners, 20.0)})

    shelves = shown(reading, name, None, "f1").shelves

    assert ("together" in {shelf.source for shelf in shelves}) == is_shown


@pytest.mark.parametrize(("n_liked", "is_shown"), [(2, False), (3, True)])
def test_what_a_user_chose_before_is_offered_again_from_three_items_on(
    publisher: Engine, owner: Engine, reading: Connection, n_liked: int, *, is_shown: bool
) -> None:
    live_shop.release(publisher)
    for item_id in ("o1", "o2", "o3")[:n_liked]:
        rate(owner, "v1", item_id, 5.0)

    shelves = shown(reading, "basket", "v1").shelves

    assert ("again" in {shelf.source for shelf in shelves}) == is_shown


def test_titles_name_the_given_item(publisher: Engine, reading: Connection) -> None:
    live_shop.release(publisher, similar=live_shop.SIMILAR)

    [similar, *_] = shown(reading, "item", None, "nowhere", "f1").shelves

    assert (similar.source, similar.title) == ("similar", "Similar to Film 1")


@pytest.mark.usefixtures("released")
def test_a_change_is_seen_by_the_next_request_of_a_running_process(
    api: Engine, reading: Connection
) -> None:
    cache, request = ReleaseCache(), PlacementRequest("fan")
    before = answers.answer(reading, cache, "home", request)
    put(api, "home", shelf("for_you", "Only this", limit=1))
    after = answers.answer(reading, cache, "home", request)

    assert (before.version, len(before.shelves)) == (0, 2)
    assert (after.version, ids(after)) == (1, [["f3"]])


@pytest.mark.usefixtures("released")
def test_a_filter_of_the_request_holds_for_all_shelves(api: Engine, reading: Connection) -> None:
    put(api, "home", shelf("for_you", filter="released > 2001"), shelf("new"))

    answer = shown(reading, "home", None, filter="category == 'film'")

    assert ids(answer) == [["f4", "f3", "f2"], ["f1", "c1"]]
    with pytest.raises(FilterRefusedError, match="character 1"):
        shown(reading, "home", None, filter="? == 3")
    with pytest.raises(UnknownCategoryError):
        shown(reading, "home", None, filter="category == 'nowhere'")


@pytest.mark.usefixtures("released")
def test_a_filter_of_several_shelves_is_bound_once(
    api: Engine, reading: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound: list[tuple[str, ...]] = []
    original = filtering.bind

    def counted(connection: Connection, *sent: str) -> Filter:
        bound.append(sent)
        return original(connection, *sent)

    put(api, "home", shelf("for_you"), shelf("new"), shelf("trending"))
    monkeypatch.setattr(filtering, "bind", counted)

    shown(reading, "home", None, filter="available")

    assert bound == [("available",)]


@pytest.mark.usefixtures("released")
def test_a_shelf_whose_filter_is_not_valid_any_more_is_left_out(
    api: Engine, owner: Engine, reading: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    put(api, "home", shelf("new", filter="category == 'opera'"), shelf("for_you"))
    assert len(shown(reading, "home", "nobody").shelves) == 2
    with owner.begin() as connection:
        connection.execute(text("update about set categories = '{film}'"))

    [only] = shown(reading, "home", "nobody").shelves

    assert only.source == "for_you"
    assert "left out shelf title='A shelf' error=filter: at character 1" in caplog.text


def test_unknown_placements_and_data_sets_without_a_release_are_errors(
    publisher: Engine, reading: Connection
) -> None:
    with pytest.raises(NoReleaseError):
        shown(reading, "home")
    live_shop.release(publisher)
    with pytest.raises(UnknownPlacementError, match="'checkout'"):
        shown(reading, "checkout")


@pytest.mark.usefixtures("released")
def test_an_erased_user_gets_what_an_unknown_one_gets(
    api: Engine, owner: Engine, reading: Connection
) -> None:
    rate(owner, "fan", "f3", 5.0)
    with api.begin() as connection:
        accounts.erase(connection, "fan", requested_by="test")

    assert ids(shown(reading, "home", "fan")) == ids(shown(reading, "home", "nobody"))
