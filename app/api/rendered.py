"""The bytes of an answer, as its model would give them, put together from parts that are rendered once.

The measures that follow from a listing do not depend on whose listing it is. A test holds what comes of this equal to
what ``LookupAnswer`` gives, byte for byte.
"""

from functools import lru_cache
from typing import NamedTuple

from pydantic import TypeAdapter

from app.api.rendered_listing import rendered_listings
from app.api.schemas.lookups import MeasureOut, measures_out
from app.api.schemas.scenes import AnsweredSceneOut
from app.domain.applicability import Grounds
from app.domain.catalogue import Catalogue
from app.domain.scenes import Scenes
from app.domain.subjects import SubjectKind
from app.services.lookup import Decided, Terms, View, what_follows
from app.services.scenes import chosen

# More than one list's worth of departments, views and kinds; scenes come on top. A full one is a quarter of a megabyte.
_KEPT = 256

_MEASURES = TypeAdapter(list[MeasureOut])
_SCENE = TypeAdapter(AnsweredSceneOut | None)


class _Following(NamedTuple):
    scene: str
    measures: bytes


class RenderedAnswers:
    """Renders answers from one catalogue."""

    def __init__(self, catalogue: Catalogue, scenes: Scenes) -> None:
        """Render with this catalogue and these scenes."""
        self._catalogue = catalogue
        self._scenes = scenes
        self._following = lru_cache(_KEPT)(self._render_following)

    def answer(self, answer: Decided, terms: Terms) -> bytes:
        """Return the body of an answer."""
        return b"".join(self.parts(answer, terms))

    def parts(self, answer: Decided, terms: Terms) -> tuple[bytes, bytes]:
        """Return the body of an answer in two: what is its own, and the measures, which are long and kept."""
        (code, question, _), reply, listings, grounds = answer
        kind = question.kind
        following = self._following(kind, grounds, terms.view, reply.asker.department, question.terms.scene)
        own = (
            f'{{"lookup_id":"{question.lookup_id}","answered_at":"{question.answered_at.isoformat()[:-6]}Z",'
            f'"on":"{terms.on}","known_at":null,"list_version":{reply.list_version},'
            f'"catalogue_version":"{self._catalogue.version}","code":"{code.masked}",'
            f'"subject_kind":"{kind}","verdict":"{"listed" if listings else "not_listed"}",'
            f'"scene":{following.scene},"listings":{rendered_listings(listings, terms.on) if listings else "[]"},'
        )
        return own.encode(), following.measures

    def _render_following(
        self, kind: SubjectKind, grounds: Grounds, view: View, department: str, scene: str | None
    ) -> _Following:
        measures, answered = what_follows(self._catalogue, kind, grounds, view, department, chosen(self._scenes, scene))
        shaped = AnsweredSceneOut.of(answered) if answered else None
        rendered = _MEASURES.dump_json(measures_out(measures, view))
        return _Following(_SCENE.dump_json(shaped).decode(), b'"measures":' + rendered + b"}")
