"""The sections of a manifest that describe files: where they come from, and their columns."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Format = Literal["csv", "jsonl", "parquet"]
Encoding = Literal["utf-8", "iso-8859-1"]


class Section(BaseModel):
    """A table of the TOML file; an unknown field is an error. Docstrings describe the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Source(Section):
    """Where the files come from, and how they are delivered."""

    kind: Literal["archive", "folder", "inbox"]
    """archive: one zip file, downloaded from `url` or put into the inbox; folder: files at `url`, a
    folder or an object store; inbox: files that were put into `<inbox>/<dataset>/`."""
    url: str | None = None
    """Address of the archive, or root of the folder."""
    md5: str | None = Field(default=None, pattern=r"^[0-9a-f]{32}$")
    """MD5 of the archive as published. A download that differs is discarded."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the archive, checked like `md5`."""
    max_mb: int = Field(default=4096, gt=0)
    """Size limit of the unpacked archive, in MB (10^6 bytes)."""
    delivery: Literal["increments", "snapshots"] = "increments"
    """increments: each file adds to the rows before it; snapshots: each delivery replaces all rows
    before it, and the data set takes no feedback."""

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.kind == "folder" and self.url is None:
            raise ValueError("a source of kind `folder` needs `url`")
        return self


class Files(Section):
    """One kind of file: its name, its format, the names of its columns."""

    file: str
    """Path inside the archive or folder. `*` matches any text (`folder`, `inbox`)."""
    format: Format = "csv"
    """jsonl: one JSON object per line."""
    separator: str = Field(default=",", min_length=1, max_length=4)
    """csv: text between two fields, such as "," or "::"."""
    header: bool = True
    """csv: the first line has the column names."""
    fields: tuple[str, ...] = ()
    """csv without a header: the names of the columns, in order."""
    quote: str = Field(default='"', max_length=1)
    """csv: the quote character; "" turns quoting off."""
    encoding: Encoding = "utf-8"
    """csv and jsonl: the encoding of the text."""

    @model_validator(mode="after")
    def _columns_have_names(self) -> Self:
        if self.format == "csv" and not self.header and not self.fields:
            raise ValueError("csv without a header needs `fields`")
        if "/" in self.file and (self.file.startswith("/") or ".." in self.file.split("/")):
            raise ValueError(f"`file` must stay inside the source: {self.file}")
        return self


class Ratings(Files):
    """The files of ratings."""

    user: str = "user"
    """Column with the user's id."""
    item: str = "item"
    """Column with the item's id."""
    value: str = "value"
    """Column with the rating."""
    time: str | None = "time"
    """Column with the time of the rating; null if the data set has no times."""
    time_format: Literal["seconds", "milliseconds", "iso"] = "seconds"
    """seconds, milliseconds: since 1970; iso: ISO 8601, UTC."""


class Items(Files):
    """The files of items."""

    item: str = "item"
    """Column with the item's id."""
    title: str = "title"
    """Column with the title."""
    categories: str | None = None
    """Column with all categories, as one text or a JSON list."""
    categories_separator: str = "|"
    """Text between two categories in that column."""
    vendor: str | None = None
    """Column with the company that sells or makes the item."""
    released: str | None = None
    """Column with the year of release, or a date that begins with it."""
    title_has_year: bool = False
    """ "Heat (1995)" becomes the title "Heat", released in 1995."""
    title_has_article_last: bool = False
    """ "Matrix, The" becomes "The Matrix"."""


class Users(Files):
    """The files of users."""

    user: str = "user"
    """Column with the user's id."""
    attributes: tuple[str, ...] = ()
    """Columns that describe a user, such as age group or region. Users with equal values form a
    segment."""
