"""Imported, by the process that tests/forking.py forks from, before it forks: everything that a command may import."""

import gc
import threading

import app.main  # noqa: F401 - what `serve` has uvicorn import
from app.cli import command_line

command_line()
# What is only in threads is not in a forked process.
assert threading.active_count() == 1
# Otherwise each process that is forked copies all of it at its first collection of garbage.
gc.collect()
gc.freeze()
