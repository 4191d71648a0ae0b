"""Being woken when the next request is due.

An event loop's timers are whole milliseconds, which is longer than a good answer takes. A thread sleeps to within a
tenth of one.
"""

import asyncio
import threading
import time
from collections.abc import Callable

_FINEST = 0.0002


class Pacer:
    """Call ``tick`` in the event loop when something is due, until told to stop."""

    def __init__(self, tick: Callable[[], None], due: Callable[[], float | None]) -> None:
        """``due`` says when the next call is wanted (``time.perf_counter``), ``None`` when no more is."""
        self._tick = tick
        self._due = due
        self._loop = asyncio.get_running_loop()
        self._waiting = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="pacer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; the thread is gone when this returns."""
        self._stopped.set()
        self._waiting.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._stopped.is_set() and (due := self._due()) is not None:
            left = due - time.perf_counter()
            time.sleep(min(max(left, _FINEST), 0.1))
            if left > 0.1:  # noqa: PLR2004 - looked at again, in case it was told to stop
                continue
            # One tick at a time: a loop that is busy is not helped by a queue of them.
            self._waiting.clear()
            if self._stopped.is_set():  # between the loop's condition and the line above; nobody would set it again
                return
            self._loop.call_soon_threadsafe(self._ticked)
            self._waiting.wait()

    def _ticked(self) -> None:
        self._tick()
        self._waiting.set()
