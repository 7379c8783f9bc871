"""Proposals for columns of kinds: too many, reserved names, and ratings among them."""

from pathlib import Path

import pytest

from tests.jobs.ingestion.proposals.shapes import manifest, proposed, rows, section

HEADER = "user,item,event_type,rating"


def sent(*kinds: str, n: int = 300) -> str:
    """Return rows of the kinds, one after the other."""
    return rows(HEADER, (f"u{k % 31},i{k * 7 % 19},{kinds[k % len(kinds)]}" for k in range(n)))


def test_a_column_of_many_texts_has_no_kinds(tmp_path: Path) -> None:
    text = manifest(tmp_path, {"r.csv": sent(*(f"k{n}," for n in range(5000)), n=5000)})
    assert "kind_column" not in text
    assert (
        'kind = "interaction"  # guess: no name says what users did; `event_type` has 5,000 '
        "different texts, too many for kinds"
    ) in text


def test_kinds_keep_apart_in_any_script_and_from_reserved_names(tmp_path: Path) -> None:
    fields = proposed(tmp_path, {"r.csv": sent("购买,", "浏览,", "hide,", "rate,", "Gift it!,")})
    assert fields["kinds"] == {
        "购买": {"weight": 1},
        "浏览": {"weight": 1},
        "hide_action": {"weight": 0},
        "rate_action": {"weight": 1},
        "gift_it": {"weight": 1},
    }


@pytest.mark.parametrize(
    "kinds", [("review,3", "review,5", "view,"), ("rate,3", "rate,5", "view,4")]
)
def test_ratings_among_other_kinds_are_on_a_scale(kinds: tuple[str, ...], tmp_path: Path) -> None:
    text = manifest(tmp_path, {"r.csv": sent(*kinds)})
    fields = proposed(tmp_path, {"r.csv": sent(*kinds)})
    events = section(fields, "events")
    assert events["value"] == "rating"
    assert events.get("kinds", {"rate": "rate"}) == {kinds[0].split(",")[0]: "rate"}
    assert fields["scale"] == {"lowest": 3, "highest": 5, "step": 2, "relevant_from": 5}
    assert fields["kinds"] == {"view": {"weight": 1}}
    assert "# Ratings beside other events: by default models learn from all of them" in text


def test_ratings_of_unknown_kinds_are_not_used(tmp_path: Path) -> None:
    text = manifest(tmp_path, {"r.csv": sent("view,3", "view,5", "purchase,4")})
    assert '`rating` is not used: if all kinds have it, write `value = "rating"`' in text
    assert "[scale]" not in text


def test_ratings_and_events_in_files_of_their_own_say_what_is_learned(tmp_path: Path) -> None:
    files = {
        "ratings.csv": rows("user,item,rating", (f"u{n % 31},i{n},{n % 5}" for n in range(99))),
        "views.csv": rows("user,item", (f"u{n % 31},i{n % 19}" for n in range(99))),
    }
    text = manifest(tmp_path, files)
    assert "# Ratings beside other events: by default models learn from all of them" in text
    assert '# recipe = "als"' in text
    files.pop("views.csv")
    (tmp_path / "views.csv").unlink()
    assert 'recipe = "als"' not in manifest(tmp_path, files)
