"""What is compared is installed when it is needed, below `.bench/`, from lock files that name no address."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from app.settings import PROJECT_ROOT

_PLACE = PROJECT_ROOT / ".bench"
_HERE = Path(__file__).parent
_SECONDS = 300


class Missing(Exception):
    """It could not be installed; the report says so and goes on without it."""


def datasette() -> str:
    """Return the path of Datasette's command, installed into an environment of its own."""
    place = _PLACE / "datasette"
    command = place / "bin" / "datasette"
    if not command.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(place)])
        lock = str(_HERE / "datasette" / "requirements.lock")
        _run([str(place / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", lock])
    return str(command)


def node() -> tuple[str, Path]:
    """Return the path of node and the folder of the scripts, with their packages installed beside them.

    The node of the lock file is used where npm has one for the machine: PostGraphile 5 needs a newer one than most.
    """
    npm, own = shutil.which("npm"), shutil.which("node")
    if npm is None or own is None:
        raise Missing("node and npm are not installed")
    place = _PLACE / "node"
    shutil.copytree(_HERE / "node", place, dirs_exist_ok=True)
    lock = place / "package-lock.json"
    done = place / "node_modules" / "installed"
    if not done.exists() or done.read_bytes() != lock.read_bytes():
        _run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(place)])
        done.write_bytes(lock.read_bytes())
    locked = next(place.glob("node_modules/node-linux-*/bin/node"), None)
    return str(locked or own), place


def installed_datasette() -> str | None:
    """Return the command, where it was installed."""
    command = _PLACE / "datasette" / "bin" / "datasette"
    return str(command) if command.exists() else None


def installed_node() -> str | None:
    """Return the node that is used, where there is one."""
    return str(next(_PLACE.glob("node/node_modules/node-linux-*/bin/node"), None) or shutil.which("node") or "") or None


def locked_packages() -> list[str]:
    """Return the names and versions of what runs on node."""
    wanted = json.loads((_HERE / "node" / "package.json").read_text())["dependencies"]
    return [f"{name} {version}" for name, version in wanted.items()]


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{command[0]} did not come to an end: {error}") from None
    if done.returncode != 0:
        told = (done.stderr or done.stdout).strip().splitlines()
        raise Missing(f"`{' '.join(command[:2])}` failed: {told[-1] if told else done.returncode}")
