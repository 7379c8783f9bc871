import os
import subprocess
import sys

import pytest

from ops.settings import ROOT
from ops.terminal import encoding

PROGRAM = (
    "import sys; from ops.terminal import encoding;"
    "encoding.use_utf8('tests.ops.terminal.test_encoding', sys.argv[1:]);"
    "print('\\u2713', open('/dev/null').encoding)"
)


def run(**variables: str) -> str:
    """Run the program with these variables and return what it prints."""
    done = subprocess.run(  # noqa: S603 # our own Python
        [sys.executable, "-c", PROGRAM, "a b", "ä"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def test_in_another_encoding_the_program_starts_again_in_utf8() -> None:
    in_ascii = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert run(**in_ascii) == "again: ✓ ['a b', 'ä']\n"


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8", "xx_XX.none"])
def test_in_utf8_it_goes_on(locale: str) -> None:
    assert run(LC_ALL=locale).lower() == "✓ utf-8\n"


def test_an_output_that_lacks_a_character_prints_another() -> None:
    assert run(LC_ALL="C.UTF-8", PYTHONIOENCODING="ascii").lower() == "? utf-8\n"


if __name__ == "__main__":
    encoding.use_utf8("a module that is not there", [])  # in UTF-8 mode it goes on
    sys.stdout.write(f"again: ✓ {sys.argv[1:]}\n")
