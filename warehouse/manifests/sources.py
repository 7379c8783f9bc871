"""The sections of a manifest that describe files: where they come from, and their columns."""

from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from warehouse.manifests.field_types import ConditionText, Encoding, TimeFormat

Format = Literal["csv", "jsonl", "json", "parquet"]
AttributeType = Literal["text", "number", "time", "list"]


class Section(BaseModel):
    """A table of the TOML file; an unknown field is an error. Docstrings describe the fields."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


class Source(Section):
    """Where the files come from, and how they are delivered."""

    kind: Literal["archive", "folder", "inbox", "kafka"]
    """archive: one zip or tar file, downloaded from `url` or put into the inbox; folder: files
    at `url`, a folder or an object store; inbox: files in `var/inbox/NAME/`; kafka: messages of
    the topics that `file` names, one JSON object each (`format = "jsonl"`)."""
    servers: str | None = None
    """kafka: the first servers to ask, such as "kafka-1:9092,kafka-2:9092"."""
    url: str | None = None
    """Address of the archive, or root of the folder."""
    md5: str | None = Field(default=None, pattern=r"^[0-9a-f]{32}$")
    """MD5 of the archive as published. A download that differs is discarded."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the archive, checked like `md5`."""
    max_mb: int = Field(default=4096, gt=0)
    """Size limit of the unpacked archive, in MB (10^6 bytes)."""
    delivery: Literal["increments", "snapshots"] = "increments"
    """increments: each file adds rows to those of earlier files; snapshots: each delivery
    replaces all earlier rows, and events that the API receives do not enter the lake."""

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.kind == "folder" and self.url is None:
            raise ValueError("a source of kind `folder` needs `url`")
        if (self.kind == "kafka") != (self.servers is not None):
            raise ValueError("a source of kind `kafka`, and no other, needs `servers`")
        if self.kind == "kafka" and (self.url is not None or self.delivery != "increments"):
            raise ValueError("a source of kind `kafka` has increments, and no `url`")
        if self.kind == "archive" and self.url is not None:
            if not self.url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
                raise ValueError("`url` of an archive must begin with https://")
            if self.sha256 is None and self.md5 is None:
                raise ValueError("`url` of an archive needs `sha256`, the digest of the file")
        return self


class Files(Section):
    """Files of one format: their names, how they are read, and which rows are used.

    A column of JSON or Parquet may be nested: `user.id` is the field `id` of `user`.
    """

    file: str
    """Path inside the archive or folder. `*` matches any text in a name, `**` any folders, as in
    `**/orders.csv`. Compressed files (.gz, .bz2, .zst, .lz4) are unpacked."""
    format: Format = "csv"
    """csv: text with a separator; jsonl: one JSON object per line; json: one array of objects;
    parquet: Apache Parquet."""
    separator: str = Field(default=",", min_length=1, max_length=4)
    """csv: text between two fields, such as ",", "\\t" or "::"."""
    header: bool = True
    """csv: the first line has the column names."""
    fields: tuple[str, ...] = ()
    """csv without a header: the names of the columns, in order."""
    quote: str = Field(default='"', max_length=1)
    """csv: the quote character; "" turns quoting off."""
    escape: str = Field(default="", max_length=1)
    """csv: the character before a quote inside a field, such as "\\". By default quotes inside a
    field are doubled."""
    skip_lines: int = Field(default=0, ge=0)
    """csv: number of lines before the header or the first row."""
    encoding: Encoding = "utf-8"
    """csv, json and jsonl: the encoding of the text, by any common name."""
    decimal: Literal[".", ","] = "."
    """The decimal separator of numbers: "," reads 4,5 as 4.5."""
    thousands: Literal["", ",", ".", " ", "'"] = ""
    """The mark between groups of three digits: "," reads 1,234 as 1234. By default such marks are
    read only in numbers that also have a decimal separator, as in 1,234.50."""
    keep_if: ConditionText | None = None
    """Only rows that meet this condition are used. It compares columns with numbers or texts;
    comparisons are joined by `and`, `or`, `not`, as in `quantity > 0 and country == "DE"`."""

    @model_validator(mode="after")
    def _columns_have_names(self) -> Self:
        if self.format == "csv" and not self.header and not self.fields:
            raise ValueError("csv without a header needs `fields`: the names of its columns")
        if self.file.startswith("/") or ".." in self.file.split("/"):
            raise ValueError(f"`file` must stay inside the source: {self.file}")
        if any("**" in part != "**" for part in self.file.split("/")):
            raise ValueError(f"`**` stands for folders, as in `**/r.csv`: {self.file}")
        if self.thousands == self.decimal:
            other = "," if self.decimal == "." else "."
            raise ValueError(f'`thousands` is the decimal separator: write `decimal = "{other}"`')
        return self


class _Timed(Files):
    """Files of events with a user, an item and a time."""

    user: str = "user"
    """Column with the user's id."""
    item: str = "item"
    """Column with the item's id."""
    time: str | tuple[str, str] | Literal[False] = "time"
    """Column with the time; two columns, such as date and time of day, are joined by a space;
    `false`: the files have no times."""
    time_format: TimeFormat = "seconds"
    """seconds, milliseconds, microseconds: since 1970; iso: ISO 8601; or a pattern such as
    "%d.%m.%Y %H:%M"."""
    time_zone: str = "UTC"
    """Zone of times whose text has no zone, such as "Europe/Berlin"."""
    values: dict[str, float] = {}
    """The numbers that texts stand for, such as `{ like = 1, dislike = 0 }`."""
    no_value: tuple[str, ...] = ()
    """Texts that stand for "no value", such as `["0", "NA"]`. An event with such a text has no
    value; a rating with such a text is left out."""

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"no time zone {name!r}; write one such as UTC or Europe/Berlin"
            ) from error
        return name

    @field_validator("time")
    @classmethod
    def _empty_is_false(
        cls, time: str | tuple[str, str] | Literal[False]
    ) -> str | tuple[str, str] | Literal[False]:
        return time or False

    @property
    def time_columns(self) -> tuple[str, ...]:
        """The columns that together have the time; none if the data set has no times."""
        if self.time is False:
            return ()
        return (self.time,) if isinstance(self.time, str) else self.time


class Ratings(_Timed):
    """The files of ratings: one rating on the `[scale]` per row."""

    value: str = "value"
    """Column with the rating."""


class Events(_Timed):
    """Files of events: what users did, with or without a number. There may be several `[[events]]`.

    Either `kind` or `kind_column` says what each row is.
    """

    kind: str | None = None
    """The kind of every row: a name of `[kinds]`."""
    kind_column: str | None = None
    """Column with the kind of each row."""
    kinds: dict[str, str] = {}
    """The kind that each text in `kind_column` stands for, such as `{ purchase = "buy" }`. A
    text that is not listed must be a name of `[kinds]`."""
    value: str | None = None
    """Column with a number, such as a quantity; without it each row counts 1."""

    @model_validator(mode="after")
    def _has_one_kind(self) -> Self:
        if (self.kind is None) == (self.kind_column is None):
            raise ValueError("write either `kind` or `kind_column`")
        if self.kinds and self.kind_column is None:
            raise ValueError("`kinds` needs `kind_column`: write it, or remove `kinds`")
        return self


class Items(Files):
    """The files of items."""

    item: str = "item"
    """Column with the item's id."""
    title: str = "title"
    """Column with the title."""
    categories: str | None = None
    """Column with all categories of the item, as one text or a list."""
    categories_separator: str = "|"
    """Text between two categories in the column `categories`."""
    vendor: str | None = None
    """Column with the company that sells or makes the item."""
    released: str | None = None
    """Column with the year of release, or a date that begins with it."""
    title_has_year: bool = False
    """ "Heat (1995)" becomes the title "Heat", released in 1995."""
    title_has_article_last: bool = False
    """ "Matrix, The" becomes "The Matrix"."""
    category_flags: dict[str, str] = {}
    """For columns of 0 and 1: the category that each column stands for, by the column's name."""
    attributes: dict[str, AttributeType] = {}
    """Further columns that describe an item, each with its type: `text`, `number`, `time` or
    `list`."""


class Categories(Files):
    """Files with one category of an item per row, for categories outside the files of items."""

    item: str = "item"
    """Column with the item's id."""
    category: str = "category"
    """Column with one category of the item."""


class Users(Files):
    """The files of users."""

    user: str = "user"
    """Column with the user's id."""
    attributes: tuple[str, ...] = ()
    """Columns that describe a user, such as age group or region. Users with equal values form a
    segment."""
