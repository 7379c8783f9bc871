"""Two refinements at once, of other landings, leave what they leave one after the other."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jobs import land, refine
from jobs.refinement.silver import events
from tests.support.jobs import two_batches
from tests.support.jobs.product import NOW
from tests.support.runs import under
from warehouse.delta import Warehouse


def refined(warehouse: Warehouse, run: str) -> None:
    refine.run(under(warehouse, f"ingest/{run}/refine"), two_batches.DATASET, now=NOW)


def landed(warehouse: Warehouse, run: str, inbox: Path) -> None:
    land.run(under(warehouse, f"ingest/{run}/land"), two_batches.DATASET, inbox)


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (refine, "quarantine"),  # before the first write
        (refine, "record"),  # after the last write
        pytest.param(events, "merge", marks=pytest.mark.soak),
        pytest.param(refine, "_extend_indices", marks=pytest.mark.soak),
    ],
)
def test_a_refinement_that_another_overtakes_repeats_its_landings(
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    step: str,
) -> None:
    take, inbox = getattr(module, step), tmp_path / "inbox"

    def take_after_another(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(module, step, take)
        two_batches.send_second(inbox)
        landed(warehouse, "2", inbox)
        refined(warehouse, "2")
        return take(*arguments, **options)

    two_batches.send_first(inbox)
    landed(warehouse, "1", inbox)
    monkeypatch.setattr(module, step, take_after_another)
    refined(warehouse, "1")

    two_batches.assert_refined(warehouse.root)
