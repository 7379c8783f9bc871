"""Lists in texts of files: any text is read, as one bad text would stop a whole delivery."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.ingestion.checks import text_checks
from jobs.ingestion.interpreting import attribute_values, category_lists
from jobs.ingestion.interpreting.category_lists import with_flags, with_json_lists

TEXTS = st.text(st.sampled_from("[]{}(),:'\"\\ud8001ac \n") | st.characters(codec="utf-8"))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("{[1]: 2}", "{[1]: 2}"),
        ("{{}}", "{{}}"),
        (r'["a \ud800", "b"]', '["a \ufffd","b"]'),
        (r"['\udfff']", '["\ufffd"]'),
        (r'c("\ud800")', '["\ufffd"]'),
        (r'[{"name": "\ud83d"}]', '["\ufffd"]'),
        ('["\U0001f600"]', '["\U0001f600"]'),
    ],
)
def test_texts_that_are_no_list_stay_and_lone_surrogates_are_replaced(text: str, read: str) -> None:
    assert with_json_lists(pa.array([text])).to_pylist() == [read]


def test_lone_surrogates_in_attributes_and_beside_flags_are_replaced() -> None:
    texts = pa.array([r'["\ud800"]'])

    assert attribute_values.lists(texts).to_pylist() == ['["\ufffd"]']
    with_flag = with_flags(texts, {"Drama": pa.array(["1"])}, separator="|")
    assert with_flag.to_pylist() == ['["\ufffd","Drama"]']


@given(TEXTS)
def test_any_text_is_read(text: str) -> None:
    texts = pa.array([text])

    with_json_lists(texts)
    text_checks.has_category_with_nul(texts, "|")
    text_checks.has_long_category(texts, "|")
    [listed] = attribute_values.lists(texts).to_pylist()
    assert isinstance(json.loads(listed), list)
    assert isinstance(category_lists.split_names(text, "|"), list)
