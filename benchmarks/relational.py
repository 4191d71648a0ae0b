"""The catalogue as relations, for what keeps it in the database: made from what the service answers.

So whatever reads these tables has the very same content to give.
"""

from collections.abc import Sequence
from datetime import date
from itertools import count
from typing import Any

import asyncpg

_TABLES = """
CREATE SCHEMA bench;
CREATE TABLE bench.measures (
    no integer PRIMARY KEY, title text NOT NULL, applies text NOT NULL, done_to_unit text, printed text NOT NULL,
    named text[] NOT NULL, open_class text, yours text NOT NULL
);
CREATE TABLE bench.sub_measures (
    measure_no integer NOT NULL REFERENCES bench.measures, no integer NOT NULL, text text NOT NULL,
    applies text NOT NULL, PRIMARY KEY (measure_no, no)
);
CREATE TABLE bench.legal_bases (
    id integer PRIMARY KEY, measure_no integer NOT NULL REFERENCES bench.measures, document text NOT NULL,
    document_no text, later_law_checked boolean NOT NULL
);
CREATE INDEX ON bench.legal_bases (measure_no);
CREATE TABLE bench.basis_notes (
    id integer PRIMARY KEY, basis_id integer NOT NULL REFERENCES bench.legal_bases, since date, note text NOT NULL,
    confidence text NOT NULL, source text
);
CREATE INDEX ON bench.basis_notes (basis_id);
CREATE TABLE bench.provisions (
    id integer PRIMARY KEY, basis_id integer NOT NULL REFERENCES bench.legal_bases, heading text, label text
);
CREATE INDEX ON bench.provisions (basis_id);
CREATE TABLE bench.provision_notes (
    id integer PRIMARY KEY, provision_id integer NOT NULL REFERENCES bench.provisions, since date, note text NOT NULL,
    confidence text NOT NULL, source text
);
CREATE INDEX ON bench.provision_notes (provision_id);
"""


async def make_tables(connection: "asyncpg.Connection[asyncpg.Record]", measures: Sequence[dict[str, Any]]) -> None:
    """Make and fill the tables from the measures of an answer."""
    await connection.execute(_TABLES)
    ids = count(1)
    for one in measures:
        who = one["departments"]
        row = (one["no"], one["title"], one["applies"], one["done_to_unit"])
        await _add(connection, "measures", (*row, who["printed"], who["named"], who["open_class"], one["yours"]))
        for part in one["sub_measures"]:
            await _add(connection, "sub_measures", (one["no"], part["no"], part["text"], part["applies"]))
        for basis in one["legal_bases"]:
            number = next(ids)
            document = (basis["document"], basis["document_no"], basis["later_law_checked"])
            await _add(connection, "legal_bases", (number, one["no"], *document))
            await _notes(connection, "basis_notes", number, basis["later_law"], ids)
            for provision in basis["provisions"]:
                own = next(ids)
                await _add(connection, "provisions", (own, number, provision["heading"], provision["label"]))
                await _notes(connection, "provision_notes", own, provision["later_law"], ids)
    await connection.execute("ANALYZE")


async def _notes(
    connection: "asyncpg.Connection[asyncpg.Record]",
    table: str,
    owner: int,
    notes: Sequence[dict[str, Any]],
    ids: "count[int]",
) -> None:
    for note in notes:
        since = date.fromisoformat(note["since"]) if note["since"] else None
        await _add(connection, table, (next(ids), owner, since, note["note"], note["confidence"], note["source"]))


async def _add(connection: "asyncpg.Connection[asyncpg.Record]", table: str, values: tuple[Any, ...]) -> None:
    places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    await connection.execute(f"INSERT INTO bench.{table} VALUES ({places})", *values)  # noqa: S608 - our own names
