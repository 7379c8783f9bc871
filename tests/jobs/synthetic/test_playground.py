from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.ingestion import check, samples
from jobs.synthetic import playground
from warehouse import datasets

MANIFEST = Path(__file__).parents[3] / "datasets" / "playground.toml"


def test_the_files_match_the_manifest_and_repeat_for_the_same_seed(
    spark: SparkSession, tmp_path: Path
) -> None:
    folder = tmp_path / "inbox"
    playground.run(spark, size=3000, seed=7, folder=folder)
    first = pq.read_table(folder / "ratings").to_pylist()
    playground.run(spark, size=3000, seed=7, folder=folder)

    assert len(first) == 3000
    assert pq.read_table(folder / "ratings").to_pylist() == first
    findings = check.grade(MANIFEST, folder)
    assert {finding.level for finding in findings} == {"note"}
    dataset = datasets.load(MANIFEST)
    assert dataset.items is not None
    items = samples.read(folder / "items" / "items.csv", dataset.items, name="items.csv")
    assert items.rows["item_id"][0].as_py() == "f-00000"
    assert pq.read_table(folder / "truth" / "users.parquet").num_rows == 20


@pytest.mark.parametrize("size", ["29999", "100_000_001"])
def test_a_size_out_of_range_is_a_wrong_argument(
    size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        playground.main(["--size", size])
    assert "from 30,000 to 100,000,000 ratings" in capsys.readouterr().err
