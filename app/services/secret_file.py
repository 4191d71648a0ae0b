"""Writing a file that only its owner may read, whole or not at all."""

import os
from pathlib import Path


def write_secret(file: Path, text: str) -> None:
    """Write a file with mode 600, in place of the one that is there.

    It is born with its mode, because one that is narrowed after writing was readable for a moment; and written aside
    and moved, because a start that is cut off must not leave half of it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(file.name + ".new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    aside.replace(file)
