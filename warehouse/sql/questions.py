"""Questions that analysts ask often, each with the query that answers it."""

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and its answer as SQL for any data set."""

    title: str
    sql: str


def _question(title: str, sql: str) -> Question:
    return Question(title, dedent(sql).strip())


QUESTIONS = (
    _question(
        "Ratings per genre and year",
        """
        -- the year of the rating; for the year of release take `released`
        select category, year(rated_at) as year, count(*) as ratings,
               round(avg(rating), 2) as mean_rating
        from silver.interactions
        join silver.items using (item_id), unnest(categories) as t(category)
        where rating is not null
        group by all
        order by year, ratings desc
        """,
    ),
    _question(
        "Most rated items",
        """
        select title, released, count(*) as ratings, round(avg(rating), 2) as mean_rating
        from silver.interactions
        join silver.items using (item_id)
        where rating is not null
        group by item_id, title, released
        order by ratings desc
        limit 20
        """,
    ),
    _question(
        "Events per month and kind",
        """
        select date_trunc('month', occurred_at)::date as month, kind, count(*) as events
        from silver.events
        group by all
        order by month, kind
        """,
    ),
    _question(
        "Active users per month",
        """
        select date_trunc('month', occurred_at)::date as month, count(distinct user_id) as users
        from silver.events
        group by all
        order by month
        """,
    ),
    _question(
        "How active users are",
        """
        select case when items < 10 then '1 to 9' when items < 50 then '10 to 49'
                    when items < 200 then '50 to 199' else '200 or more' end as items_per_user,
               count(*) as users
        from (select user_id, count(*) as items from silver.interactions group by user_id)
        group by all
        order by min(items)
        """,
    ),
    _question(
        "Ratings by attribute of the users",
        """
        -- attributes are a map: map_entries and unnest make a row of each
        with attributes as (
          select user_id, unnest(map_entries(attributes)) as entry from silver.users
        )
        select entry.key as attribute, entry.value as value, count(*) as ratings,
               round(avg(rating), 2) as mean_rating
        from silver.interactions
        join attributes using (user_id)
        where rating is not null
        group by all
        order by attribute, ratings desc
        """,
    ),
    _question(
        "Items without any interaction, by category",
        """
        select category, count(*) as items,
               count(*) filter (where item_id not in (
                 select item_id from silver.interactions)) as without_interaction
        from silver.items, unnest(categories) as t(category)
        group by all
        order by without_interaction desc
        """,
    ),
    _question(
        "Items that the newest lists show most",
        """
        with newest as (select retrain_id from gold.fits order by fitted_at desc limit 1),
        shown as (
          select unnest(item_ids[:10]) as item_id  -- the first ten of each list
          from gold.recommendations
          where retrain_id = (from newest)
        )
        select title, count(*) as lists
        from shown
        join silver.items using (item_id)
        group by item_id, title
        order by lists desc
        limit 20
        """,
    ),
    _question(
        "Ranking quality of each recipe, by retrain",
        """
        select v.decided_at, m.recipe, m.role, round(m.value, 4) as ndcg_at_10
        from gold.model_metrics as m
        join gold.verdicts as v using (retrain_id)
        where metric = 'ndcg@10' and slice = 'warm' and m."window" = 'gate'
        order by v.decided_at, ndcg_at_10 desc
        """,
    ),
    _question(
        "Why retrains were held or published",
        """
        select decided_at, verdict, reason,
               [c.criterion for c in criteria if not c.passed] as failed_criteria
        from gold.verdicts
        order by decided_at desc
        """,
    ),
    _question(
        "Rows in quarantine by check",
        """
        select target, failed, count(*) as n_rows, min(first_seen_at) as since
        from silver.quarantine, unnest(failed_checks) as t(failed)
        group by all
        order by n_rows desc
        """,
    ),
    _question(
        "Accepted and rejected rows per delivery",
        """
        select refined_at, target, n_rows, n_accepted, n_duplicates, n_quarantined,
               coalesce(n_dropped, 0) as n_dropped
        from silver.refinements
        order by refined_at desc
        """,
    ),
    _question(
        "What is in a rating's raw row",
        """
        -- from a typed row back to the row as it was sent
        select e.user_id, e.item_id, e.rating, r.rating as sent, r.source_file, r.source_line
        from silver.events as e
        join bronze.ratings as r using (landing_id, user_id, item_id)
        where e.kind = 'rate'
        limit 20
        """,
    ),
)
