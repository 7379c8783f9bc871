"""The import-linter contract `allowed`: which package may import which of ours.

pyproject.toml has one row per package: `importer = ["imported", …]`. A module belongs to the row
with the longest matching name. It may import modules of its own row and those that the row lists;
`serving` in a list does not include `serving.api` if that package has a row of its own, and `*` is
every module.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


@dataclass(frozen=True)
class ImportRules:
    """The packages that each package may import."""

    rows: Mapping[str, Iterable[str]]

    def row_of(self, module: str) -> str:
        """Return the name of the module's row, empty if there is none."""
        return max((row for row in self.rows if _is_inside(module, row)), key=len, default="")

    def allow(self, importer: str, imported: str) -> bool:
        """Return whether a module may import another one."""
        row = self.row_of(importer)
        allowed = (row, *self.rows.get(row, ()))
        return "*" in allowed or any(
            _is_inside(imported, name) and self.row_of(imported) == self.row_of(name)
            for name in allowed
        )


class _RowsField(fields.Field[Any]):
    def parse(self, raw_data: Any) -> Any:
        return raw_data


class AllowedContract(Contract):
    """Fails if a module imports one of our modules that its row does not list."""

    rows = _RowsField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 # import-linter's signature
        """Return the forbidden imports, each as `importer -> imported`."""
        rules = ImportRules(self.contract_options["rows"])
        forbidden = [
            f"{importer} -> {imported}"
            for importer in sorted(graph.modules)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not graph.is_module_squashed(imported)  # squashed: a third-party package
            and not graph.is_module_squashed(importer)
            and not rules.allow(importer, imported)
        ]
        return ContractCheck(kept=not forbidden, metadata={"forbidden": forbidden})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print the forbidden imports."""
        for line in check.metadata["forbidden"]:
            output.print_error(f"not allowed: {line}", bold=False)
        output.print("Remove the import, or allow it in tool.importlinter of pyproject.toml.")


def _is_inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
