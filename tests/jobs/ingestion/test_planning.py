from dataclasses import replace

from jobs.ingestion.planning import plan
from jobs.ingestion.sources import SentFile
from warehouse.landings import Landing
from warehouse.manifests.sources import Events, Ratings

SECTION = Ratings(file="r.csv")
FILE = SentFile("ratings", "r.csv", "/r.csv", "a" * 64, SECTION)
CORRECTED = replace(FILE, section=Ratings(file="r.csv", separator=";"))


def landing(file: SentFile, reading: str | None) -> Landing:
    return Landing(file.landing_id, file.target, 1, file.name, file.sha256, reading)


def test_a_file_is_landed_once() -> None:
    assert plan([FILE], [], set()).files == (FILE,)
    assert plan([FILE], [landing(FILE, FILE.reading)], {FILE.landing_id}).files == ()


def test_a_landing_of_an_older_version_stays() -> None:
    older = Landing(f"{'a' * 16}-ratings", "ratings", 1, "r.csv", "a" * 64)

    assert plan([CORRECTED], [older], {older.landing_id}).files == ()


def test_a_correction_of_how_a_file_is_read_lands_it_again_and_replaces() -> None:
    planned = plan([CORRECTED], [landing(FILE, FILE.reading)], {FILE.landing_id})

    [again] = planned.files
    assert again.landing_id.startswith("a" * 16 + "-ratings-")
    assert planned.replaces == {again.landing_id: (FILE.landing_id,)}


def test_a_correction_that_is_taken_back_lands_under_a_new_id() -> None:
    taken = {FILE.landing_id, CORRECTED.landing_id}
    planned = plan([FILE], [landing(CORRECTED, CORRECTED.reading)], taken)

    assert planned.replaces == {f"{FILE.landing_id}-1": (CORRECTED.landing_id,)}


def test_fields_that_only_say_what_the_text_means_are_no_reason_to_land_again() -> None:
    meaning = SECTION.model_copy(
        update={"file": "*.csv", "decimal": ",", "time_format": "iso", "values": {"good": 5.0}}
    )

    assert replace(FILE, section=meaning).reading == FILE.reading
    assert CORRECTED.reading != FILE.reading
    assert replace(FILE, section=Ratings(file="r.csv", item="sku")).reading != FILE.reading
    condition = SECTION.model_copy(update={"keep_if": "price > 0"})
    assert replace(FILE, section=condition).reading != FILE.reading


def test_entries_of_events_on_one_file_do_not_replace_each_other() -> None:
    sections = [Events(file="e.csv", kind="view"), Events(file="e.csv", kind="buy", item="sku")]
    views, purchases = (
        SentFile("events", "e.csv", "/e.csv", "b" * 64, section, name)
        for section, name in zip(sections, ("e.csv", "e.csv#2"), strict=True)
    )
    before = [landing(views, views.reading)]

    planned = plan([views, purchases], before, {views.landing_id})
    assert planned.files == (purchases,)
    assert planned.replaces == {purchases.landing_id: ()}

    before.append(landing(purchases, purchases.reading))
    corrected = replace(purchases, section=Events(file="e.csv", kind="buy", item="product"))
    planned = plan([views, corrected], before, {item.landing_id for item in before})
    assert planned.replaces == {corrected.landing_id: (purchases.landing_id,)}
