"""The texts of alerts: the subject and body of an e-mail, and the JSON of a webhook."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from monitoring.alerts import Change, Notice

_SIGNS = {"ok": "OK", "warning": "AMBER", "error": "RED"}


def subject(notices: Sequence[Notice]) -> str:
    """Return one line: how many alerts of each kind, and what the first one is about."""
    counts = Counter(notice.change for notice in notices)
    changes: tuple[Change, ...] = get_args(Change)
    numbers = ", ".join(f"{counts[change]} {change}" for change in changes if counts[change])
    first = notices[0]
    return f"Lantern: {numbers} ({first.dataset}: {first.line.subject}, {first.line.word})"


def body(notices: Iterable[Notice], console_url: str | None) -> str:
    """Return the alerts as plain text, each with its next step."""
    paragraphs = [_paragraph(notice) for notice in notices]
    if console_url:
        paragraphs.append(f"Console: {console_url.rstrip('/')}/overview")
    return "\n\n".join(paragraphs) + "\n"


def payload(notices: Sequence[Notice], console_url: str | None, now: datetime) -> dict[str, Any]:
    """Return the alerts for a webhook; `text` has all of them for a chat."""
    return {
        "text": f"{subject(notices)}\n\n{body(notices, console_url)}",
        "sent_at": now.isoformat(timespec="seconds"),
        "alerts": [
            {
                "dataset": notice.dataset,
                "check": notice.line.check,
                "change": notice.change,
                "level": notice.line.level,
                "subject": notice.line.subject,
                "word": notice.line.word,
                "detail": notice.line.detail,
                "next_step": notice.line.next_step,
                "since": notice.since.isoformat(timespec="seconds"),
            }
            for notice in notices
        ],
    }


def _paragraph(notice: Notice) -> str:
    line = notice.line
    head = f"[{_SIGNS[line.level]}] {notice.dataset}: {line.subject}: {line.word}"
    since = f"{notice.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    lines = [f"{head} ({notice.change}, since {since})", line.detail]
    return "\n".join(lines if line.is_ok else [*lines, f"Next: {line.next_step}"])
