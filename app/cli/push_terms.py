"""What a push says besides its rows, as a clerk asked for it; and the command that asks for the same again."""

import os
import shlex
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, NotRequired, TypedDict

from app.cli.environment import URL_VARIABLE


class Mode(StrEnum):
    """How the rows are meant."""

    DELTA = "delta"
    SNAPSHOT = "snapshot"


class RemovalReason(StrEnum):
    """Why a snapshot removes what it lacks."""

    REPAIRED = "repaired"
    REVOKED = "revoked"
    CORRECTED = "corrected"


class PushTerms(TypedDict):
    """As `liancheng.client` takes them."""

    mode: NotRequired[Literal["delta", "snapshot"]]
    expected_list_version: NotRequired[int | None]
    source_document: NotRequired[str | None]
    removal_reason: NotRequired[str | None]
    confirm_removals: NotRequired[int | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A push as it was asked for on the command line; ``marked`` is where the marked spreadsheet is wanted."""

    file: Path
    media_type: str
    terms: PushTerms
    url: str
    key_file: Path | None
    marked: Path | None


def repeating(asked: Asked, key: str, version: int | None) -> list[str]:
    """Return the command that pushes the same again under the same key: whether it arrived or not, it is done once.

    The version belongs to it, because the service takes a push with another one for another push.
    """
    terms = asked.terms
    options = {
        "--mode": terms.get("mode") if terms.get("mode") != "delta" else None,
        "--removal-reason": terms.get("removal_reason"),
        "--confirm-removals": terms.get("confirm_removals"),
        "--expect-version": version,
        "--document": terms.get("source_document"),
        "--url": asked.url if asked.url != os.environ.get(URL_VARIABLE) else None,
        "--key-file": asked.key_file,
        "--idempotency-key": key,
    }
    given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    file = str(asked.file)
    # A name that begins with a hyphen would be taken for an option.
    return ["liancheng", "push", *given, "--yes", *(["--"] if file.startswith("-") else []), file]


def as_line(command: list[str]) -> str:
    """Return a command as it is typed on this machine."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)
