"""A real HTTP server that misbehaves as it is told: what the service itself does not do on demand."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

_RESET = struct.pack("ii", 1, 0)


@dataclass
class Received:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    def json(self) -> Any:
        """Return the body's JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What to write in answer to a request, and how to end the connection then."""

    head: bytes = b""
    pieces: tuple[bytes, ...] = ()
    reset: bool = False
    """break the connection off instead of closing it"""
    pause: float = 0.0
    """seconds before each piece"""
    silence: float = 0.0
    """seconds of silence at the end"""
    body_read: int | None = None
    """read so much of the request's body only"""
    drain: bool = False
    """read what the client still sends before the connection is closed"""


@dataclass
class Misbehaving:
    """Gives its answers one after the other, one a connection."""

    answers: list[Answer]
    url: str = ""
    received: list[Received] = field(default_factory=list)

    def serve(self, connection: socket.socket) -> None:
        """Serve one connection."""
        with connection, connection.makefile("rb") as file:
            line = file.readline().decode()
            if not line:
                return
            method, target, _ = line.split()
            headers = dict(_headers(file.readline))
            parts = urlsplit(target)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            request = Received(method, parts.path, query, headers)
            self.received.append(request)
            answer = self.answers.pop(0) if self.answers else error(599)
            length = int(headers.get("content-length", "0"))
            request.body = file.read(length if answer.body_read is None else answer.body_read)
            _write(connection, answer)


def _headers(readline: Callable[[], bytes]) -> Iterator[tuple[str, str]]:
    while (line := readline().decode().rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()


def _write(connection: socket.socket, answer: Answer) -> None:
    with suppress(OSError):
        connection.sendall(answer.head)
        for piece in answer.pieces:
            time.sleep(answer.pause)
            connection.sendall(piece)
        if answer.silence:
            # Until the client gives up, which ends the read, or for so long.
            connection.settimeout(answer.silence)
            connection.recv(1)
        while answer.drain and connection.recv(1 << 20):
            pass
        if answer.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


@contextmanager
def misbehaving(*answers: Answer) -> Iterator[Misbehaving]:
    """Serve these answers on loopback; afterwards all of them must have been asked for, and no more."""
    server = Misbehaving(list(answers))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                thread = threading.Thread(target=server.serve, args=(connection,))
                threads.append(thread)
                thread.start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()
    assert not server.answers, f"{len(server.answers)} answers were never asked for"
    assert len(server.received) == len(answers), "more was asked than there are answers"


def ok(body: Any, status: int = 200, **headers: str) -> Answer:
    """Answer with JSON, whole."""
    data = json.dumps(body, ensure_ascii=False).encode()
    return Answer(_head(status, "application/json", {"Content-Length": str(len(data)), **headers}) + data)


def error(status: int, code: str = "", detail: str = "", **headers: str) -> Answer:
    """Answer with a problem; without a code, with what a proxy would send."""
    if not code:
        return Answer(_head(status, "text/html", headers) + b"<html>listed</html>")
    problem = {
        "type": f"urn:liancheng:problem:{code}",
        "title": "A problem",
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": "r-1",
        "errors": [],
    }
    data = json.dumps(problem, ensure_ascii=False).encode()
    return Answer(_head(status, "application/problem+json", {"Content-Length": str(len(data)), **headers}) + data)


def cut_off(body: Any) -> Answer:
    """Break off in the midst of a JSON body."""
    data = json.dumps(body, ensure_ascii=False).encode()
    head = _head(200, "application/json", {"Content-Length": str(len(data))})
    return Answer(head, (data[: len(data) // 2],), reset=True)


def stream(media_type: str, *pieces: str, **ending: Any) -> Answer:
    """Answer bit by bit until the connection is closed, or as ``ending`` says."""
    return Answer(_head(200, media_type, {}), tuple(piece.encode() for piece in pieces), **ending)


def events(*changes: Any, **ending: Any) -> Answer:
    """Send changes as events, with a heartbeat before each, then close."""
    pieces = [
        f": here\n\nid: {change['cursor']}\nevent: change\ndata: {json.dumps(change, ensure_ascii=False)}\n\n"
        for change in changes
    ]
    return stream("text/event-stream", *pieces, **ending)


def lines(*values: Any, **ending: Any) -> Answer:
    """Send JSON lines, then close."""
    return stream("application/x-ndjson", *(json.dumps(value, ensure_ascii=False) + "\n" for value in values), **ending)


def _head(status: int, media_type: str, headers: dict[str, str]) -> bytes:
    all_headers = {"Content-Type": media_type, "Connection": "close", **headers}
    written = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in all_headers.items())
    return f"HTTP/1.1 {status} X\r\n{written}\r\n".encode()
