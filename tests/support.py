"""What tests speak to the service with: operations to push, and a caller that pushes and asks."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import httpx
from sqlalchemy import text

from app.domain.moment import Moment
from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.services import access, scenes
from app.services.access import Scope
from app.services.catalogue import load
from app.settings import PROJECT_ROOT, Settings
from app.store import clients
from app.store.database import Database

JSON = dict[str, Any]
BUREAU = "市应急管理局"
CUSTOMS = "清远海关"
CATALOGUE = load(PROJECT_ROOT / "data" / "measures.yaml")
SCENES = scenes.load(PROJECT_ROOT / "data" / "scenes.yaml", CATALOGUE)

_numbers = count(1)


def today() -> date:
    """Return today in the city."""
    return Moment.current().today


def person(n: int = 1, **changed: Any) -> JSON:
    """Return a person of a `list` operation."""
    return {
        "name": f"虚构{n}",
        "id_number": synthetic_resident_id(n),
        "roles": ["legal_representative"],
    } | changed


def list_operation(n: int = 1, **changed: Any) -> JSON:
    """Return a `list` operation of unit ``n``, in force for a year around today."""
    return {
        "op": "list",
        "unit": {"uscc": synthetic_uscc(n), "name": f"示例第{n}（虚构）有限公司"},
        "decision_no": f"虚构列〔2026〕{n}号",
        "decided_by": "清远市应急管理局（测试）",
        "conduct": "虚构行为",
        "tier": "严重失信主体",
        "listed_on": (today() - timedelta(days=180)).isoformat(),
        "valid_until": (today() + timedelta(days=180)).isoformat(),
        "persons": [],
    } | changed


def remove_operation(n: int = 1, **changed: Any) -> JSON:
    """Return the operation that removes what ``list_operation(n)`` lists."""
    return {
        "op": "remove",
        "uscc": synthetic_uscc(n),
        "decision_no": f"虚构列〔2026〕{n}号",
        "removed_on": today().isoformat(),
        "reason": "repaired",
    } | changed


async def make_key(
    database: Database,
    *scopes: Scope,
    department: str = CUSTOMS,
    expires_at: datetime | None = None,
    name: str | None = None,
) -> str:
    """Return the text of a new key of a new client."""
    async with database.writing() as session:
        client = await access.add_client(
            session, CATALOGUE, name=name or f"client-{next(_numbers)}", department=department
        )
        issued = await access.issue_key(session, client, scopes, datetime.now(UTC), expires_at)
    return issued.text


async def revoke_all(database: Database, name: str) -> None:
    """Revoke every key of a client."""
    async with database.writing() as session:
        await access.revoke(session, name, None, datetime.now(UTC))


async def client_names(database: Database) -> list[str]:
    """Return the names of all clients."""
    async with database.reading() as session:
        return [one.name for one in await clients.all_clients(session)]


@dataclass
class Api:
    """The service behind real routes, with a key that may do everything."""

    http: httpx.AsyncClient
    settings: Settings
    database: Database
    owner: Database
    key: str

    def headers(self, **extra: str) -> dict[str, str]:
        """Return the headers of an authorised call."""
        return {"Authorization": f"Bearer {self.key}"} | extra

    async def push(self, *operations: JSON, key: str | None = None, **fields: Any) -> httpx.Response:
        """Push operations under a fresh idempotency key unless one is given."""
        body = {"operations": list(operations)} | fields
        headers = self.headers(**{"Idempotency-Key": key or f"test-{next(_numbers)}"})
        return await self.http.post("/v1/pushes", json=body, headers=headers)

    async def pushed(self, *operations: JSON) -> JSON:
        """Push operations that have to be accepted; return what the push did."""
        response = await self.push(*operations)
        assert response.status_code == httpx.codes.CREATED, response.text
        done: JSON = response.json()
        return done

    async def ask(self, code: str, **fields: Any) -> httpx.Response:
        """Look a code up."""
        body = {"code": code, "purpose": "测试"} | fields
        return await self.http.post("/v1/lookups", json=body, headers=self.headers())

    async def asked(self, code: str, **fields: Any) -> JSON:
        """Look a code up that has to be answered; return the answer."""
        response = await self.ask(code, **fields)
        assert response.status_code == httpx.codes.OK, response.text
        answer: JSON = response.json()
        return answer

    async def rows(self, query: str, **parameters: Any) -> list[JSON]:
        """Run a query as the database's owner."""
        async with self.owner.writing() as session:
            return [dict(row) for row in (await session.execute(text(query), parameters)).mappings()]

    async def run(self, statement: str) -> None:
        """Run a statement as the database's owner."""
        async with self.owner.writing() as session:
            await session.execute(text(statement))
