"""Reading the bytes of a data file, for whoever reads what is in it."""

from pathlib import Path

from app.errors import Misconfigured


def source_of(file: Path, called: str) -> bytes:
    """Return the bytes of a data file; raise :class:`Misconfigured`, by its Chinese name, where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"无法读取{called}文件 {file}（{error.strerror}）。") from error
