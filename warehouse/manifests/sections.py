"""The sections of a manifest that describe no files: scale, display, schedule and others."""

from typing import Annotated, Literal, Self

from croniter import croniter
from pydantic import Field, field_validator, model_validator

from warehouse.manifests.field_types import TOPIC
from warehouse.manifests.sources import Section
from warehouse.tables.vocabulary import MAX_SEARCH_MINUTES, BacktestPeriod

MAX_STEPS = 1_000_000  # of a scale
PICTURE_HOST = r"^([a-z0-9]([a-z0-9-]{0,62})\.)+[a-z]{2,62}(:[0-9]{1,5})?$"


class Scale(Section):
    """The valid ratings: `lowest`, `lowest + step`, …, `highest`."""

    lowest: float
    """The lowest rating."""
    highest: float
    """The highest rating."""
    step: float = Field(gt=0)
    """Difference between two neighbouring ratings."""
    relevant_from: float
    """Ratings at or above this value count as relevant."""

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        if not self.lowest < self.highest:
            raise ValueError("`lowest` must be below `highest`")
        if not self.lowest <= self.relevant_from <= self.highest:
            raise ValueError("`relevant_from` must be on the scale")
        if (self.highest - self.lowest) / self.step > MAX_STEPS:
            raise ValueError(f"`step` is too small: a scale has at most {MAX_STEPS:,} steps")
        return self


class Display(Section):
    """How the app shows items: which attributes are the price, the stock and others."""

    price: str | None = None
    """Attribute with the price of an item, of the type `number`."""
    currency: str = Field(default="", pattern=r"^([A-Z]{3})?$")
    """Currency of the prices, by its code in ISO 4217, such as `EUR`."""
    stock: str | None = None
    """Attribute with the number of pieces in stock, of the type `number`. An item with 0 is shown
    as sold out, and is left out of lists."""
    picture: str | None = None
    """Attribute with the address of a picture of the item, of the type `text`. The address must
    begin with https://. Items without one have a generated cover."""
    since: str | None = None
    """Attribute with the time from which an item is sold, of the type `time`. The app can show the
    newest items first by it, and the shelf `new` of placements begins with the latest."""
    picture_hosts: tuple[Annotated[str, Field(pattern=PICTURE_HOST)], ...] = ()
    """Hosts whose pictures are shown, such as `["img.example.org"]`; those of others are not."""

    @property
    def types(self) -> dict[str, str]:
        """The type that each named attribute must have, by the attribute's name."""
        types = {
            self.price: "number",
            self.stock: "number",
            self.picture: "text",
            self.since: "time",
        }
        return {name: type_name for name, type_name in types.items() if name is not None}


class Windows(Section):
    """How events are split into training and test rows."""

    gate_train_share: float = Field(default=0.8, gt=0, lt=1)
    """Share of the events, oldest first, that the gate's models are trained on."""
    without_time: Literal["file_order", "random"] = "random"
    """How a data set without times is split: random: test rows are a random draw; file_order:
    they are the last rows."""
    half_life_days: float = Field(default=365, gt=0)
    """Days after which an event counts half for the recipe `popular_recently`: years for a
    library, days for news."""


class Floors(Section):
    """Limits that data and models must meet before a model can be released."""

    max_quarantine_share: float = Field(default=0.05, ge=0, le=1)
    """Largest share of the rows of items, categories, users, ratings or events that may fail a
    check. With a larger share `refine` stops, and silver is unchanged."""
    min_test_users: int = Field(default=100, ge=1)
    """Fewest users that the gate needs for a comparison. They have training rows and a relevant
    test item."""
    min_coverage: float = Field(default=0.02, ge=0, le=1)
    """Lowest coverage@10 of a personalised recipe: the share of the catalogue that is in at least
    one user's top ten."""
    slice_tolerance: float = Field(default=0.01, ge=0)
    """Largest loss of NDCG@10 in any slice of users, compared with the live recipe, with which a
    new recipe may be released."""
    future_tolerance_hours: float = Field(default=24, ge=0, le=876_600)
    """Events that are further in the future than this go to the quarantine."""


class Schedule(Section):
    """When DAGs run: cron expressions in UTC, or `false` for a DAG without a schedule."""

    ingest: str | None = None
    """When files are landed and refined."""
    collect: str | None = "*/5 * * * *"
    """When the product's events are copied into the lake."""
    retrain: str | None = None
    """When a model is trained, in addition to the retrains that new events start."""
    maintain: str | None = "30 4 * * *"
    """When erased users and old files are removed from the lake. Erasures need it at least once a
    day."""
    retrain_after_events: int = Field(default=1, ge=1)
    """Number of new accepted events that starts a retrain."""
    retrain_after_hours: float = Field(default=1, ge=0, le=8760)
    """Hours after the last retrain read its data, before which new events start no other one. For
    retrains by hand and by schedule there is no such limit."""
    ask_for_approval: bool = False
    """An operator approves each release before users see it."""
    approval_timeout_hours: float = Field(default=24, gt=0, le=720)
    """Hours to wait for the operator's answer; without one, nothing is published."""
    approval_by_another: bool = False
    """Each retrain waits for an approval, and not of the account that started it. Not for
    one-person installations."""
    backtest: BacktestPeriod = "month"
    """Periods of a backtest, which evaluates the live recipe as of the start of each one: `month`
    or `week`. It runs by itself only once its DAG is unpaused."""

    @field_validator("ingest", "collect", "retrain", "maintain", mode="before")
    @classmethod
    def _false_is_by_hand(cls, value: object) -> object:
        return None if value is False or value == "" else value

    @field_validator("ingest", "collect", "retrain", "maintain")
    @classmethod
    def _is_cron(cls, text: str | None) -> str | None:
        if text is not None and not croniter.is_valid(text):
            raise ValueError(f'{text!r} is no cron expression, such as "0 3 * * *"')
        return text


class Forward(Section):
    """A Kafka topic to which the product's events are published, once they are in the lake."""

    servers: str
    """The first servers to ask, such as "kafka-1:9092,kafka-2:9092"."""
    topic: str = Field(pattern=TOPIC)
    """The topic. It must exist, unless the cluster creates topics by itself."""


class Promises(Section):
    """Limits above which the overview and the alerts report a problem."""

    release_hours: float | None = Field(default=168, gt=0)
    """Age of the live release while newer events are waiting; `false`: no limit."""
    files_hours: float | None = Field(default=None, gt=0)
    """Age of the newest landed file; `false`: no limit."""
    refine_hours: float = Field(default=24, gt=0)
    """Age of the oldest landed rows that are not refined."""
    collect_minutes: float = Field(default=15, gt=0)
    """Age of the oldest event in the outbox: three missed runs of `collect` by default."""
    outbox_events: int = Field(default=100_000, ge=1)
    """Number of events in the outbox."""
    quarantine_share: float = Field(default=0.02, ge=0, le=1)
    """Share of the rows of items, categories, users, ratings or events in quarantine: of those
    refined in the last 7 days, or of all if these are fewer than 100."""
    holds_in_a_row: int = Field(default=3, ge=1)
    """Number of retrains in a row with the verdict `hold`, which publish nothing."""

    @field_validator("release_hours", "files_hours", mode="before")
    @classmethod
    def _false_is_no_limit(cls, value: object) -> object:
        return None if value is False else value


class Training(Section):
    """Defaults of a retrain; its trigger form can change them for one retrain."""

    recipe: str = ""
    """Name or JSON of the recipe; empty: the default for these data."""
    search_minutes: int = Field(default=0, ge=0, le=MAX_SEARCH_MINUTES)
    """Minutes to search for a better recipe; 0: no search."""
