"""The cast and the props of a quarter: who is listed, real processes to speak to, and days that lie behind.

A real process has a real clock. Days of the law (``listed_on``, ``removed_on``, ``acted_on``) are told to it as days
that have passed; when the service came to know of something it says itself. So after each step what was recorded is set
back in the database, as its owner and only there: ``pushes.committed_at``, ``audit.answered_at``. The service cannot do
that, and ``liancheng verify`` would tell: heads bind the moment of a push. The chain is tried elsewhere.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import httpx
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from app.files.columns import COLUMNS
from app.files.rows import XLSX
from app.services.access import Scope
from app.settings import Settings
from app.store.database import Database
from liancheng.client import verify_webhook
from tests.api.test_obligations import Department
from tests.end_to_end.serving import COMMAND, Process, environment, serving
from tests.receiving import ACKNOWLEDGED, LOOPBACK, Received, Receiver, answering
from tests.support import BUREAU, JSON, Api, make_key, today

DAY = timedelta(days=1)
UNITS = range(1, 21)
CREDIT_OFFICE, TAX = "市发展和改革局", "市税务局"
DECIDED_BY, TIER, CONDUCT = "清远市应急管理局（测试）", "严重失信主体", "瞒报事故（虚构）"
_IN_DISTRICT = 99_999
_HEADERS = {column.key: column.header for column in COLUMNS}


def code(n: int) -> str:
    """Return the code of unit ``n``; four divisions take turns."""
    return synthetic_uscc(n + n % 4 * _IN_DISTRICT)


def unit_name(n: int) -> str:
    """Return the name that unit ``n`` is listed by."""
    return f"示例第{n}（虚构）有限公司"


def decision(n: int) -> str:
    """Return the number of the decision about unit ``n``."""
    return f"虚构列〔2026〕{n}号"


@dataclass
class World:
    """Two service processes on one database, a receiver of webhooks, and everybody who takes part."""

    api: Api
    """The bureau, at the first process; its list is also the public one."""
    second: httpx.AsyncClient
    folder: Path
    first: date
    receiver: Receiver
    published: dict[int, str] = field(default_factory=dict)
    """What the public is to see now: names by unit."""
    contested: set[int] = field(default_factory=set)
    acknowledged: list[JSON] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)

    @property
    def last(self) -> date:
        """The last day of the quarter: today, which the processes' clocks are in."""
        return today()

    def day(self, n: int) -> str:
        """Return the n-th day of the quarter."""
        return (self.first + n * DAY).isoformat()

    async def push_sheet(self, n: int, *rows: JSON, by_command: bool = False) -> None:
        """Push a spreadsheet, have it been recorded on the n-th day, and look at the public list.

        ``by_command``: as a clerk does, which takes a second more.
        """
        book = Workbook()
        sheet = book.active
        assert isinstance(sheet, Worksheet)
        keys = list(dict.fromkeys(key for row in rows for key in row))
        sheet.append([_HEADERS[key] for key in keys])
        for row in rows:
            sheet.append([row.get(key) for key in keys])
        file = self.folder / f"名单-{n}.xlsx"
        book.save(file)
        if by_command:
            assert '"committed"' in await self.run("push", str(file), "--yes", "--json")
        else:
            headers = self.api.headers(**{"Idempotency-Key": file.stem.encode().hex(), "Content-Type": XLSX})
            response = await self.api.http.post("/v1/pushes", content=file.read_bytes(), headers=headers)
            assert response.status_code == httpx.codes.CREATED, response.text
        await self.set_back(f"UPDATE pushes SET committed_at = '{self.day(n)} 08:00+08'", "committed_at")
        await self.see_what_the_public_sees()

    async def run(self, *arguments: str) -> str:
        """Run a command of the bureau's clerk; return what it printed."""
        variables = {"LIANCHENG_URL": str(self.api.http.base_url), "LIANCHENG_API_KEY": self.api.key}
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            *arguments,
            env=environment(self.api.settings, **variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()

    async def set_back(self, statement: str, column: str) -> None:
        """Set back what was recorded just now, as the database's owner."""
        await self.api.run(f"{statement} WHERE {column} > now() - interval '12 hours'")

    async def look_up(self, department: str, n: int, **asked: str) -> list[str]:
        """Ask on the n-th day, at the other process; return the verdicts."""
        key = await make_key(self.api.database, Scope.LOOKUP, department=department)
        verdicts = []
        for subject in asked.values():
            body = {"code": subject, "purpose": "测试"}
            headers = {"Authorization": f"Bearer {key}"}
            response = await self.second.post("/v1/lookups", json=body, headers=headers)
            assert response.status_code == httpx.codes.OK, response.text
            verdicts.append(response.json()["verdict"])
        await self.set_back(f"UPDATE audit SET answered_at = '{self.day(n)} 23:59+08'", "answered_at")
        return verdicts

    async def department(self, name: str, *scopes: Scope) -> Department:
        """Return a department with a key."""
        key = await make_key(self.api.database, *(scopes or (Scope.ENFORCEMENT_REPORT,)), department=name)
        return Department(self.api, key)

    async def see_what_the_public_sees(self) -> None:
        """Hold the public list, at both processes and without a key, against what it has to be."""
        wanted = {code(n): (name, n in self.contested) for n, name in self.published.items()}
        for http in (self.api.http, self.second):
            response = await http.get("/v1/public/listings", params={"limit": 100})
            assert response.status_code == httpx.codes.OK, response.text
            seen = {one["unit"]["uscc"]: (one["unit"]["name"], one["contested"]) for one in response.json()["listings"]}
            assert seen == wanted
            # Nobody's number, whole or in part.
            assert "id_number" not in response.text


def listing_rows(world: World) -> list[JSON]:
    """Return the rows that list the twenty: every third unit has one person, every fourth two."""
    rows = []
    for n in UNITS:
        listed = {
            "op": "列入",
            "uscc": code(n),
            "unit_name": unit_name(n),
            "decision_no": decision(n),
            "decided_by": DECIDED_BY,
            "conduct": CONDUCT,
            "tier": TIER,
            "listed_on": world.day(5 if n <= 10 else 40),
        }
        people: list[int | None] = [*persons_of(n)] or [None]
        rows += [
            {
                **listed,
                "person_name": f"虚构{who}" if who else None,
                "id_number": synthetic_resident_id(who) if who else None,
                "roles": "法定代表人" if who else None,
            }
            for who in people
        ]
    return rows


def persons_of(n: int) -> list[int]:
    """Return who answers for unit ``n``: person 3 also for unit 6."""
    return {3: [3], 6: [3, 60], 9: [9], 12: [12, 120]}.get(n, [])


@asynccontextmanager
async def playing(
    settings: Settings, databases: tuple[Database, Database], receiver: Receiver, folder: Path
) -> AsyncIterator[World]:
    """Start the processes, with webhooks to the receiver allowed, and give everybody their keys."""
    allowed = {
        "LIANCHENG_WEBHOOK_ALLOWED_HOSTS": f"{LOOPBACK}:{receiver.port}",
        "LIANCHENG_WEBHOOK_ALLOWED_NETWORKS": f"{LOOPBACK}/32",
        "LIANCHENG_WEBHOOK_ALLOW_HTTP": "true",
        "LIANCHENG_WEBHOOK_RETRY_FIRST": "0.2",
    }
    database, owner = databases
    with serving(settings, **allowed) as one, serving(settings, **allowed) as other:
        async with _client(one) as http, _client(other) as second:
            api = Api(http, settings, database, owner, await make_key(database, *Scope, department=BUREAU))
            yield World(api, second, folder, today() - 89 * DAY, receiver)


def _client(process: Process) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=process.url, timeout=60)


async def subscribe(world: World) -> JSON:
    """Have the bureau's own system told of each change, which fails half the time; return the webhook."""
    chance = random.Random(4)  # noqa: S311 - so that a failure can be repeated
    response = await world.api.http.post("/v1/webhooks", json={"url": world.receiver.url}, headers=world.api.headers())
    assert response.status_code == httpx.codes.CREATED, response.text
    webhook: JSON = response.json()

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        nudge = verify_webhook(webhook["secret"], request.headers, request.body)
        if chance.random() < 0.5:
            await answering("503 No")(request, writer)
            return
        await ACKNOWLEDGED(request, writer)
        world.acknowledged.append(nudge["data"])

    world.receiver.answer = answer
    return webhook


async def told_of_everything(world: World, webhook: JSON) -> None:
    """Wait until the receiver has acknowledged the newest version, and see that no version was left out."""
    (state,) = await world.api.rows("SELECT list_version FROM list_state")
    newest = state["list_version"]
    async with asyncio.timeout(20):
        while True:
            response = await world.api.http.get(f"/v1/webhooks/{webhook['webhook_id']}", headers=world.api.headers())
            if response.json()["told_version"] >= newest:
                break
            await asyncio.sleep(0.05)
    told = {version for nudge in world.acknowledged for version in range(nudge["from_version"], nudge["to_version"])}
    assert told == set(range(newest))
    assert len(world.receiver.received) > len(world.acknowledged)
