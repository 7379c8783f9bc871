"""The names of segments, which the API derives from attributes as well."""

from pyspark.sql import SparkSession

from jobs.engine.learning import segments
from serving.user_attributes.segments import segment

NAMES = ("sex", "age")
VALUES = [
    {"sex": "F", "age": "old"},
    {"sex": "F,age=a", "age": "b"},
    {"sex": "F", "age": "a,age=b"},
    {"sex": "F\\", "age": "a"},
    {"sex": "F\\,age=a", "age": "$1"},
]


def test_users_with_other_values_have_another_segment_and_the_api_names_it_alike(
    spark: SparkSession,
) -> None:
    rows = [(n, attributes) for n, attributes in enumerate(VALUES * 30)]
    users = spark.createDataFrame(rows, "user int, attributes map<string,string>")

    made = segments.user_segments(users, NAMES)

    assert len({*made.names}) == 1 + len(VALUES)
    of_user = {row["user"]: made.names[row["segment"]] for row in made.members.collect()}
    assert of_user == {user: segment(attributes, NAMES) for user, attributes in rows}


def test_a_segment_of_usual_values_is_named_without_escapes() -> None:
    assert segment({"age": "25-34", "sex": "F"}, NAMES) == "sex=F,age=25-34"
