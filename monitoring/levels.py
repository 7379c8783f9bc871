"""A line of the status: what was checked, how it is, in a word, and what to do next."""

from dataclasses import dataclass
from typing import Literal

from monitoring.facts import DagKind

Level = Literal["ok", "warning", "error"]  # shown as green, amber and red
Page = Literal["data", "retrains", "models", "releases", "maintenance"]
Target = Page | DagKind

LEVELS: tuple[Level, ...] = ("ok", "warning", "error")
NOTHING_TO_DO = "Nothing to do."


@dataclass(frozen=True, slots=True)
class Line:
    """The state of one thing.

    `check` is the stable name of the check, such as `release_age`; `word` the state in one or two
    words, `detail` a sentence with the numbers, `next_step` what an operator does about it.
    `link_to` is the page of the console where they do it, or the DAG whose page in Airflow it is.
    """

    check: str
    subject: str
    level: Level
    word: str
    detail: str
    next_step: str = NOTHING_TO_DO
    link_to: Target | None = None

    @property
    def is_ok(self) -> bool:
        """Whether nothing has to be done."""
        return self.level == "ok"


@dataclass(frozen=True, slots=True)
class Check:
    """Something that is checked: its stable name, and its name on pages."""

    name: str
    subject: str

    def line(
        self,
        level: Level,
        word: str,
        detail: str,
        next_step: str = NOTHING_TO_DO,
        link_to: Target | None = None,
    ) -> Line:
        """Return a line about it."""
        return Line(self.name, self.subject, level, word, detail, next_step, link_to)


def worst(lines: tuple[Line, ...]) -> Level:
    """Return the worst level of some lines; `ok` without one."""
    return max((line.level for line in lines), key=LEVELS.index, default="ok")
