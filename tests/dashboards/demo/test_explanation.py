import pytest

from dashboards.demo.explanation import main_causes
from dashboards.demo.words import kinds
from dashboards.score_terms import bar_table, by_strength, remainder
from serving.schemas import Explanation, ScoreTerm
from tests.support.dashboards import shop

ALIEN = ScoreTerm(kind="rating", value=0.6, item_id="1", title="Alien", rating=5)
CINDERELLA = ScoreTerm(kind="rating", value=-0.2, item_id="2", title="Cinderella", rating=1)


def of(*terms: ScoreTerm) -> Explanation:
    return Explanation(
        user_id="u", item_id="9", release_id=1, status="listed", text="#1 on your list", terms=terms
    )


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (ALIEN, "Mostly because of your 5 stars for **Alien**."),
        (ScoreTerm(kind="popularity", value=0.1), "Mostly because of its popularity."),
        (ScoreTerm(kind="released", value=0.1), "Mostly because of its release year."),
        (
            ScoreTerm(kind="segment", value=0.1),
            "Mostly because of its popularity among similar users.",
        ),
        (
            ScoreTerm(kind="category", value=0.1, title="Sci-Fi"),
            r"Mostly because of the category **Sci\-Fi**.",
        ),
    ],
)
def test_the_largest_term_is_the_main_cause(term: ScoreTerm, text: str) -> None:
    assert main_causes(of(term), shop.about()) == text


def test_the_lowest_term_is_named_if_it_is_negative() -> None:
    text = main_causes(of(ALIEN, CINDERELLA), shop.about())

    assert text.endswith("**Alien**. Its score is lower because of your 1 star for **Cinderella**.")


def test_an_item_is_no_reason_for_itself() -> None:
    about = shop.about().model_copy(update={"kinds": shop.KINDS})
    kind = next(iter(shop.KINDS))
    itself = ScoreTerm(kind="event", value=0.9, item_id="9", title="Itself", event_kind=kind)
    other = itself.model_copy(update={"item_id": "1", "title": "Alien", "value": 0.2})

    text = main_causes(of(itself, other), about)
    assert text == f"Mostly because you {kinds.past_act(kind, about, '**Alien**')}."
    assert "**Itself**" in main_causes(of(itself), about)  # nothing else is known


def test_a_score_without_positive_terms_is_explained() -> None:
    assert main_causes(of(CINDERELLA), shop.about()).startswith("Nothing that you did points")


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ([ALIEN], "Plus 1 smaller effect (+0.60 in total)."),
        ([ALIEN, CINDERELLA], "Plus 2 smaller effects (+0.40 in total)."),
    ],
)
def test_terms_without_a_bar_are_counted(terms: list[ScoreTerm], text: str) -> None:
    assert remainder(terms) == text


def test_a_rating_on_another_scale_is_not_shown_as_stars() -> None:
    about = shop.about().model_copy(update={"highest": 10})

    assert "your 5 of 10 for **Alien**" in main_causes(of(ALIEN), about)


def test_terms_of_one_cause_are_one_bar() -> None:
    popular = ScoreTerm(kind="popularity", value=0.3, title="popularity")
    terms = [popular, ALIEN, popular.model_copy(update={"value": 0.2})]

    bars = bar_table(terms, shop.about())

    assert bars["cause"].tolist() == ["popularity", "Alien"]
    assert bars["effect"].tolist() == pytest.approx([0.5, 0.6])


@pytest.mark.parametrize(
    ("kind", "text"),
    [("cart", "added to the basket"), ("purchase", "bought"), ("gift_wrap", "gift_wrap")],
)
def test_a_bar_says_what_the_user_did(kind: str, text: str) -> None:
    term = ScoreTerm(kind="event", value=0.9, item_id="9", title="Alien", event_kind=kind)

    assert bar_table([term], shop.about(rates=False))["rating"].tolist() == [text]


def test_the_terms_that_the_sentence_names_have_bars() -> None:
    def charted(*values: float) -> list[float]:
        terms = [ScoreTerm(kind="rating", value=value, title="Alien") for value in values]
        with_bar, without = by_strength(terms)
        assert sorted(x.value for x in [*with_bar, *without]) == sorted(values)
        return [x.value for x in with_bar]

    assert charted(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, -0.1) == [0.9, 0.8, 0.7, 0.6, 0.5, -0.1]
    assert charted(-0.9, -0.8, -0.7, -0.6, -0.5, -0.4, 0.1) == [-0.9, -0.8, -0.7, -0.6, -0.5, 0.1]
    assert charted(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3) == [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    assert charted(0.1, -0.2) == [-0.2, 0.1]
