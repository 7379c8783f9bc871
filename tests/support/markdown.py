"""Examples in Markdown: the files and the manifest that a section of a page prints.

A code block is a file if its fence names one after the language, such as `csv ratings.csv`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

HEAD = 'title = "A test"\nlicence = "Invented."\n'
INBOX = '[source]\nkind = "inbox"\n'
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """What a section prints: its only manifest, and files by name."""

    anchor: str
    manifest: str
    files: dict[str, str]

    def write(self, folder: Path, name: str = "example") -> Path:
        """Write the files into `folder/inbox`; return the manifest's path, completed if needed."""
        for file, content in self.files.items():
            path = folder / "inbox" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        is_complete = "title =" in self.manifest.split("[", 1)[0]
        head = "" if is_complete else HEAD
        source = "" if "[source]" in self.manifest else INBOX
        path = folder / f"{name}.toml"
        path.write_text(f"{head}{source}{self.manifest}")
        return path


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a language, without those that are files."""
    return [text for kind, file, text in BLOCK.findall(page) if kind == language and not file]


def examples(page: str) -> list[Example]:
    """Return the example of each section of the page that has a manifest."""
    titles = re.split(r"^##+ (.+)$", page, flags=re.MULTILINE)[1:]
    return [
        Example(anchor(title), manifest, files_of(text))
        for title, text in zip(titles[::2], titles[1::2], strict=True)
        for manifest in blocks(text, "toml")
    ]


def files_of(text: str) -> dict[str, str]:
    """Return the content of each printed file, by its name."""
    return {file: content for _, file, content in BLOCK.findall(text) if file}


def anchor(title: str) -> str:
    """Return the title's address in a page, as GitHub makes it."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
