"""Users as inputs of scoring: seen items, liked items, segment."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.interactions import Meanings, is_seen
from jobs.engine.settled import settled

_MAX_SEGMENTS = 200
_MIN_USERS = 30
_ESCAPED = r"([\\,])", r"\\$1"


@dataclass(frozen=True)
class Segments:
    """Groups of users by their attributes. Number 0 and the empty name mean all users."""

    names: tuple[str, ...]
    members: DataFrame  # (user, segment int), materialised, without users of segment 0

    def __len__(self) -> int:
        return len(self.names)


def user_segments(users: DataFrame, attributes: tuple[str, ...]) -> Segments:
    """Return the segments `attribute=value,…` with at least 30 users, the 200 largest of them.

    `users` is (user, attributes map<string,string>). Users who lack an attribute have no segment.
    """
    if not attributes:
        no_members = users.limit(0).select("user", F.lit(0).alias("segment"))
        return Segments(("",), settled(no_members))
    named = users.select("user", _name(attributes).alias("name")).where("name IS NOT NULL")
    sizes = named.groupBy("name").count().where(F.col("count") >= _MIN_USERS)
    largest = sizes.orderBy(F.desc("count"), "name").limit(_MAX_SEGMENTS).collect()
    names = ("", *sorted(row["name"] for row in largest))
    numbers = F.create_map(*[F.lit(x) for at, name in enumerate(names) for x in (name, at)])
    members = named.select("user", numbers[F.col("name")].alias("segment"))
    return Segments(names, settled(members.where("segment IS NOT NULL")))


def known_users(
    ratings: DataFrame, hidden: DataFrame, segments: Segments, meanings: Meanings
) -> DataFrame:
    """Return (user, seen, liked, segment, since, activity), one row for each user of `ratings`.

    `seen` are the items that leave the user's list: rated, hidden, or with an event of a blocking
    kind; `liked` are the positive ones; `since` is the time of the first interaction; `segment` is
    0 for users without one; `activity` is the number of interactions and hidden items. `ratings` is
    (user, item, rating, rated_at, positive, kinds), one row per pair; `hidden` is (user, item).
    """
    seen = F.when(is_seen(meanings), F.col("item")) if meanings.kinds else F.col("item")
    rated = ratings.groupBy("user").agg(
        F.collect_list(seen).alias("rated"),
        F.collect_list(F.when(F.col("positive"), F.col("item"))).alias("liked"),
        F.min("rated_at").alias("since"),
        F.count("*").alias("n"),
    )
    hides = hidden.groupBy("user").agg(F.collect_set("item").alias("hides"))
    joined = rated.join(hides, "user", "left").join(segments.members, "user", "left")
    return joined.select(
        "user",
        F.concat("rated", F.coalesce("hides", _no_items())).alias("seen"),
        "liked",
        F.coalesce("segment", F.lit(0)).alias("segment"),
        "since",
        (F.col("n") + F.size(F.coalesce("hides", _no_items()))).alias("activity"),
    )


def unknown_users(users: DataFrame) -> DataFrame:
    """Return (user, seen, liked, segment) for `users` (user) without any rating."""
    return users.select(
        "user", _no_items().alias("seen"), _no_items().alias("liked"), F.lit(0).alias("segment")
    )


def _name(attributes: tuple[str, ...]) -> Column:
    """Return `attribute=value,…`, null if a value is missing.

    In values, a comma and a backslash follow a backslash, as in `serving.user_attributes.segments`.
    """
    values = {name: F.regexp_replace(F.col("attributes")[name], *_ESCAPED) for name in attributes}
    pairs = [F.concat(F.lit(f"{name}="), value) for name, value in values.items()]
    return F.concat(*[column for pair in pairs for column in (F.lit(","), pair)][1:])


def _no_items() -> Column:
    return F.array().cast("array<int>")
