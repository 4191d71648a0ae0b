"""The plain case of a lookup, answered together with whoever asks at the same time.

Everything that is not plain is left to the documented route, which knows how to tell it: a code that cannot be asked
about, a key that is refused, a list that is too old. What is answered here is put and decided by the same functions.
"""

from app.errors import LianchengError
from app.services.access import NamedKey
from app.services.lookup import Decided, LookupService, Subject, Terms, call_terms, decided
from app.store.coalescing import Coalescer
from app.store.lookups import Outcome


class QuickLookupService:
    """Answers plain lookups over the process's coalescer."""

    def __init__(self, lookups: LookupService, coalescer: Coalescer) -> None:
        """Put the same questions as ``lookups``."""
        self.lookups = lookups
        self._coalescer = coalescer

    async def answer(self, key: NamedKey, subject: Subject, terms: Terms) -> Decided | None:
        """Answer for one subject; ``None``, with nothing on record, where it is for the route to say why not.

        Raises :class:`Unavailable` where the route would not know more either.
        """
        if terms.known_at is not None or terms.on > terms.moment.today:
            return None
        try:
            asked = self.lookups.asked(call_terms(key, terms), subject, terms)
        except LianchengError:
            return None
        if asked.fault is not None:
            return None
        reply = await self._coalescer.ask(asked.question)
        if reply.outcome is not Outcome.ANSWERED:
            return None
        result = decided(asked, reply, terms.on)
        return result if isinstance(result, Decided) else None
