import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel, create_model

from jobs.ingestion import check
from ops.settings import ROOT
from tests.support.markdown import Example, examples
from tools import datasets_reference
from warehouse import datasets
from warehouse.datasets import Dataset
from warehouse.manifests import sources
from warehouse.manifests.sources import Files

PAGE = (ROOT / "docs/datasets.md").read_text()
MODELS: list[type[BaseModel]] = [
    Files,
    *(model for _, model in datasets_reference.sections(Dataset)),
]
FIELDS = [(model, name) for model in MODELS for name in model.model_fields]
EXAMPLES = examples(PAGE)


def first_columns(page: str) -> dict[str, list[str]]:
    """Return the names in the first column of each section's table, by the section's title."""
    titles = re.split(r"^## (.+)$", page, flags=re.MULTILINE)[1:]
    pairs = zip(titles[::2], titles[1::2], strict=True)
    return {title: re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE) for title, text in pairs}


def test_every_field_of_a_manifest_is_in_the_reference() -> None:
    documented = first_columns(datasets_reference.render())
    names = {name for columns in documented.values() for name in columns}
    sections = {title.strip("[]").removesuffix(".NAME") for title in documented}
    assert {name for _, name in FIELDS} - sections - names == set()
    assert set(documented["[ratings]"]) == {*sources.Ratings.model_fields} - {*Files.model_fields}


@pytest.mark.parametrize(("model", "name"), FIELDS, ids=lambda x: getattr(x, "__name__", x))
def test_a_field_has_a_valid_example_unless_it_is_a_section_or_a_switch(
    model: type[BaseModel], name: str
) -> None:
    field = model.model_fields[name]
    is_section = f"[{name}" in "".join(first_columns(PAGE))
    if is_section or field.annotation in (None, bool, bool | None):
        return
    value = datasets_reference.examples(model)[name]
    create_model("Example", example=(field.annotation, field))(example=value)
    assert tomllib.loads(f"{name} = {datasets_reference.toml(value)}") == {name: value}


def test_no_example_is_of_a_field_that_does_not_exist() -> None:
    known = {
        parent.__name__: getattr(parent, "model_fields", {})
        for model in MODELS
        for parent in model.__mro__
    }
    for name, values in tomllib.loads(datasets_reference.EXAMPLES.read_text()).items():
        assert values.keys() <= known[name].keys()


def test_every_row_of_the_decision_table_leads_to_an_example() -> None:
    table = PAGE[PAGE.index("## What do you have?") : PAGE.index("### ")]
    linked = re.findall(r"\[example\]\(#([a-z-]+)\)", table)
    assert linked == [example.anchor for example in EXAMPLES[:-1]]
    assert EXAMPLES[-1].anchor == "a-worked-example-a-shop-with-views-and-purchases"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.anchor)
def test_an_example_is_a_valid_manifest(example: Example, tmp_path: Path) -> None:
    dataset = datasets.load(example.write(tmp_path))
    assert dataset.source.kind == "inbox" or not example.files


@pytest.mark.parametrize(
    "example", [x for x in EXAMPLES if x.files], ids=lambda example: example.anchor
)
def test_an_example_reads_its_files(example: Example, tmp_path: Path) -> None:
    findings = check.grade(example.write(tmp_path), tmp_path / "inbox")
    graver = [finding.text for finding in findings if finding.level != "note"]
    assert not [text for text in graver if "columns not in the manifest" not in text]
