import pytest

from warehouse.run_keys import RunKey

HOURLY = "shop__retrain/scheduled__2026-01-05T03:00:00+00:00"


def test_a_key_is_parsed_from_its_text() -> None:
    key = RunKey.parse(f"{HOURLY}/fit")

    assert (key.dag, key.task) == ("shop__retrain", "fit")
    assert key.retrain_id == HOURLY
    assert RunKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "fit", "shop/fit", "shop//fit", "shop/one/", "/one/fit"])
def test_a_text_without_three_parts_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is not `<dag>/<run>/<task>`"):
        RunKey.parse(text)


@pytest.mark.parametrize("text", ["optimized by hand", "{}", "[1]", '{"run_key": 1}', '"x"'])
def test_a_commit_of_another_program_has_no_run_key(text: str) -> None:
    assert RunKey.of_signature(text) is None
    assert RunKey.of_signature(RunKey("d", "r", "t").signature()) == RunKey("d", "r", "t")
