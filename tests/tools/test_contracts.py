import pytest
from grimp import ImportGraph

from tools.contracts import AllowedContract, ImportRules

RULES = ImportRules(
    {
        "ranking": [],
        "serving": ["ranking"],
        "serving.api": ["serving"],
        "console": ["serving.client"],
        "tools": ["*"],
    }
)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("serving.lists", "serving.storage.keys"),
        ("serving.lists", "ranking.metrics"),
        ("serving.api.app", "serving.lists"),
        ("console.page", "serving.client"),
        ("tools.references", "console.page"),
    ],
)
def test_a_module_may_import_its_own_row_and_what_the_row_lists(
    importer: str, imported: str
) -> None:
    assert RULES.allow(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("ranking.metrics", "serving"),
        ("serving.lists", "serving.api.app"),
        ("serving.api.app", "ranking"),
        ("console.page", "serving.client_key"),
        ("console.page", "serving"),
        ("unlisted", "ranking"),
    ],
)
def test_every_other_import_is_refused(importer: str, imported: str) -> None:
    assert not RULES.allow(importer, imported)


def test_the_contract_lists_forbidden_imports_and_ignores_third_party_packages() -> None:
    graph = ImportGraph()
    for module in ("ranking.metrics", "serving.lists"):
        graph.add_module(module)
    graph.add_module("numpy", is_squashed=True)
    graph.add_import(importer="ranking.metrics", imported="numpy")
    graph.add_import(importer="serving.lists", imported="ranking.metrics")
    contract = AllowedContract("test", {}, {"rows": RULES.rows})
    assert contract.check(graph, verbose=False).kept
    graph.add_import(importer="ranking.metrics", imported="serving.lists")
    result = contract.check(graph, verbose=False)
    assert not result.kept
    assert result.metadata == {"forbidden": ["ranking.metrics -> serving.lists"]}
