"""How much each client asks, counted from the audit; persons are counted and never named."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.store.database import Session


@dataclass(frozen=True, slots=True)
class ClientUse:
    """What one client asked in a period, and how many persons not listed in the period of the same length before it.

    ``persons`` are different persons, as far as the index key was the same; ``tokens`` is how many were issued.
    """

    client: str
    department: str
    lookups: int
    person_lookups: int
    persons: int
    persons_not_listed: int
    tokens: int
    persons_not_listed_before: int


_USE = text("""
    SELECT name, department,
        count(*) FILTER (WHERE here AND verdict <> 'token_issued') AS lookups,
        count(*) FILTER (WHERE here AND asked_person) AS person_lookups,
        count(DISTINCT blind_index) FILTER (WHERE here AND asked_person) AS persons,
        count(DISTINCT blind_index)
            FILTER (WHERE here AND asked_person AND verdict = 'not_listed') AS persons_not_listed,
        count(*) FILTER (WHERE here AND verdict = 'token_issued') AS tokens,
        count(DISTINCT blind_index) FILTER (WHERE NOT here AND asked_person AND verdict = 'not_listed') AS earlier
    FROM (
        SELECT clients.name, clients.department, verdict, blind_index, answered_at >= :since AS here,
            subject_kind = 'person' AND verdict <> 'token_issued' AS asked_person
        FROM audit JOIN clients USING (client_id)
        WHERE answered_at >= :before AND answered_at < :until
    ) AS asked
    GROUP BY name, department
    HAVING bool_or(here)
    ORDER BY name
""")


async def by_client(session: Session, since: datetime, until: datetime) -> list[ClientUse]:
    """Return what each client that asked anything from ``since`` up to ``until`` asked then."""
    parameters = {"before": since - (until - since), "since": since, "until": until}
    return [ClientUse(*row) for row in await session.execute(_USE, parameters)]
