"""Objections as they are kept (JSON): the same in a listing and in its revisions."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.domain import chain
from app.domain.objections import Objection, ObjectionDecision, ObjectionOutcome


def spelt_objections(objections: Sequence[Objection]) -> str:
    """Return objections as canonical JSON, whoever filed one by ``person_id`` only."""
    if not objections:
        return "[]"
    kept = [
        {
            "objection_no": one.objection_no,
            "filed_on": one.filed_on.isoformat(),
            "matter": one.matter,
            "filed_by_person": str(one.filed_by_person) if one.filed_by_person else None,
            "outcome": one.decision.outcome.value if one.decision else None,
            "decided_on": one.decision.on.isoformat() if one.decision else None,
            "decision_document": one.decision.document if one.decision else None,
        }
        for one in objections
    ]
    return chain.spelt(kept)


def objections_of(kept: str | Iterable[Mapping[str, Any]]) -> tuple[Objection, ...]:
    """Read objections back; a statement that goes to the driver itself gives the text of their JSON."""
    if isinstance(kept, str):
        kept = json.loads(kept) if kept != "[]" else ()
    return tuple(
        Objection(
            one["objection_no"],
            date.fromisoformat(one["filed_on"]),
            one["matter"],
            UUID(one["filed_by_person"]) if one["filed_by_person"] else None,
            _decision(one),
        )
        for one in kept
    )


def _decision(kept: Mapping[str, Any]) -> ObjectionDecision | None:
    if kept["outcome"] is None:
        return None
    decided_on = date.fromisoformat(kept["decided_on"])
    return ObjectionDecision(ObjectionOutcome(kept["outcome"]), decided_on, kept["decision_document"])
