"""Writers, services and a copier at once, who are killed at any moment and come back."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeVar

import httpx

from app.domain.synthetic import synthetic_uscc
from app.settings import PROJECT_ROOT, Settings
from liancheng.client import Client, Rejected, Retries, Undetermined
from liancheng.client.feed import position
from liancheng.client.types import PushResult
from tests.end_to_end.copier import Seen
from tests.end_to_end.serving import COMMAND, environment
from tests.services.list_model.basics import JSON, Illegal, key
from tests.services.list_model.drawing import Drawing
from tests.services.list_model.pushes import pushed
from tests.support import Api, today

ROUNDS, WRITERS, PUSHES = 3, 3, 6
"""In each round every writer makes so many pushes, while a service, or both, and the copier are killed."""
PATIENCE = 120.0
"""Seconds after which something that has to happen is given up."""
_RETRIES = Retries(attempts=3, seconds=5, first=0.1, longest=0.5)

T = TypeVar("T")


def until(condition: Callable[[], object], what: str) -> None:
    """Look until it is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"in {PATIENCE} seconds: {what}"
        time.sleep(0.01)


class _Mortal:
    """A process of ours that is killed and started again."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str], log: Path) -> None:
        self._command, self._variables, self._log = command, variables, log
        self.start()

    def start(self) -> None:
        """Start it, again or for the first time."""
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command, env=dict(self._variables), cwd=PROJECT_ROOT, stdout=out, stderr=subprocess.STDOUT
            )

    def require_alive(self) -> None:
        """Nobody ends but by being killed."""
        assert self._process.poll() is None, self._log.read_text()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.require_alive()
        self.end()

    def end(self) -> None:
        """See that it is gone."""
        self._process.kill()
        self._process.wait()


class Service(_Mortal):
    """A service process that comes back on the same port."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Start it; it needs a while until it is ready."""
        # Bound and not listening, so that nobody takes the port while the process is dead.
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        port = self._place.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        variables = environment(settings, LIANCHENG_FEED_HEARTBEAT="1", LIANCHENG_LOG_LEVEL="error")
        super().__init__(
            [str(COMMAND), "serve", "--port", str(port), "--workers", "1"], variables, folder / f"service-{port}.log"
        )

    def ready(self) -> bool:
        """Whether it answers."""
        self.require_alive()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", timeout=2).is_success
        return False

    def leave(self) -> None:
        """See that it is gone, and give its port away."""
        self.end()
        self._place.close()


class Copier(_Mortal):
    """The copier's process."""

    def __init__(self, folder: Path, key: str, urls: Sequence[str]) -> None:
        """Start it."""
        self.folder = folder
        variables = {"PATH": os.environ["PATH"], "COPIER_KEY": key}
        command = [sys.executable, "-m", "tests.end_to_end.copier", str(folder), *urls]
        super().__init__(command, variables, folder / "copier.log")

    def has_seen(self, version: int) -> bool:
        """Whether it has been told of a version."""
        self.require_alive()
        with contextlib.closing(Seen(self.folder / "seen.sqlite")) as seen:
            return position(seen.position)[0] >= version


@dataclass
class Writer:
    """Somebody who pushes what may and what may not be done to units of their own, until each push is decided."""

    clients: Sequence[Client]
    drawing: Drawing
    name: str
    listings: list[JSON] = field(default_factory=list)
    done: dict[str, PushResult] = field(default_factory=dict)
    """acknowledged, by idempotency key"""
    tried: int = 0
    unanswered: int = 0

    def write(self, pushes: int) -> None:
        """Push so many times."""
        for _ in range(pushes):
            self.tried += 1
            self._push(self.drawing.delta(self.listings)["operations"], f"{self.name}-{self.tried}")

    def _push(self, operations: list[JSON], idempotency_key: str) -> None:
        refused: list[Rejected] = []

        def push(client: Client) -> PushResult | None:
            try:
                return client.push(operations, idempotency_key=idempotency_key)
            except Rejected as error:
                refused.append(error)
                return None

        result = self._decided(push)
        version = result["list_version"] if result else 0
        try:
            after = pushed(self.listings, {"operations": operations}, today().isoformat(), version)
        except Illegal:
            assert result is None, operations
            return
        assert result is not None, (operations, [(one.code, one.errors) for one in refused])
        self.done[idempotency_key] = result
        ids = {(row["uscc"], row["decision_no"]): row["listing_id"] for row in result["rows"]}
        for one in after:
            one["listing_id"] = one["listing_id"] or ids[key(one)]
            self._learn_persons(one)
        self.listings = after

    def _decided(self, call: Callable[[Client], T]) -> T:
        """Ask one service or the other until there is an answer."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                return call(self.drawing.random.choice(self.clients))
            except Undetermined:
                self.unanswered += 1
        raise AssertionError("no service decided")

    def _learn_persons(self, one: JSON) -> None:
        if not all(person["person_id"] for person in one["persons"]):
            shown = self._decided(lambda client: client.listing(one["listing_id"]))
            ids = {person["name"]: person["person_id"] for person in shown["persons"]}
            for person in one["persons"]:
                person["person_id"] = ids[person["name"]]


@dataclass
class Storm:
    """Everybody at once."""

    services: list[Service]
    copier: Copier
    writers: list[Writer]
    random: Random
    killed: int = 0

    def rage(self) -> None:
        """Go through the rounds; at the end everybody lives and has caught up."""
        with ThreadPoolExecutor(len(self.writers)) as pool:
            for number in range(ROUNDS):
                victims = self.services if number == ROUNDS // 2 else [self.random.choice(self.services)]
                self._round(victims, [pool.submit(writer.write, PUSHES) for writer in self.writers])

    def _round(self, victims: Sequence[Service], writing: "Sequence[Future[None]]") -> None:
        blows = [self.copier.kill, *(one.kill for one in victims)]
        self.random.shuffle(blows)
        begun = self._tried()
        for blow in blows:
            after = begun + self.random.randint(2, WRITERS * PUSHES // 2)
            until(lambda after=after: self._tried() >= after, "pushes go on")  # type: ignore[misc]  # bound at once
            time.sleep(self.random.random() * 0.05)
            blow()
            self.killed += 1
        for one in victims:
            one.start()
        self.copier.start()
        for each in writing:
            each.result(timeout=PATIENCE)
        for one in victims:
            until(one.ready, "a service is back")
        # So that it waits for changes, and is not still starting, when the next ones are made.
        newest = max(done["list_version"] for writer in self.writers for done in writer.done.values())
        until(lambda: self.copier.has_seen(newest), "the copier follows")

    def _tried(self) -> int:
        return sum(writer.tried for writer in self.writers)


@contextlib.contextmanager
def storm(api: Api, folder: Path, writing: Sequence[str], copying: str) -> Iterator[Storm]:
    """Start everybody, the writers and the copier with these keys; all are gone when the block ends."""
    with contextlib.ExitStack() as stack:
        services: list[Service] = []
        for _ in range(2):
            services.append(Service(api.settings, folder))
            stack.callback(services[-1].leave)
        for one in services:
            until(one.ready, "a service is there")
        copier = Copier(folder, copying, [one.url for one in services])
        stack.callback(copier.end)
        writers = []
        for n, own in enumerate(writing):
            clients = [
                stack.enter_context(Client(one.url, own, retries=_RETRIES, push_retries=_RETRIES)) for one in services
            ]
            units = [synthetic_uscc(10 * n + m) for m in range(3)]
            writers.append(Writer(clients, Drawing(n, today(), units), f"writer-{n}"))
        yield Storm(services, copier, writers, Random(1))  # noqa: S311 - nothing here has to be hard to guess
