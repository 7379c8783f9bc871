from pathlib import Path

from jobs.ingestion import samples
from warehouse.manifests.sources import Events, Ratings


def test_a_sample_has_the_named_columns_and_survives_as_text(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,value,time,more\nu1,i1,4,7,x\nu2,i2\nu3,i3,,9,y\n")
    sample = samples.read(path, Ratings(file="ratings.csv"), name="ratings.csv")

    assert sample.columns == ("user", "item", "value", "time", "more")
    assert sample.rows.to_pydict() == {
        "source_line": [2, 4],
        "user": ["u1", "u3"],
        "item": ["i1", "i3"],
        "value": ["4", None],
        "time": ["7", "9"],
    }
    assert sample.n_malformed == 1
    assert "line 3 has 2 fields" in sample.notes[0]
    assert samples.from_json(sample.as_json()) == sample
    assert not sample.is_empty


def test_a_file_without_rows_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,value,time\n")
    assert samples.read(path, Ratings(file="ratings.csv"), name="ratings.csv").is_empty


def test_an_object_whose_field_is_used_is_not_an_ignored_column(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"user": {"id": "u1", "visit": 7}, "item": "i1", "time": 1772355600}\n')
    events = Events(file="log.jsonl", format="jsonl", user="user.id", kind="view")
    sample = samples.read(path, events, name="log.jsonl")

    assert samples.ignored_columns(events, sample) == ("user.visit",)
