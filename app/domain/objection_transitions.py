"""Filing and deciding an objection (异议) to a listing: what stands against it, and what the listing is afterwards."""

from dataclasses import replace
from datetime import date

from app.domain.listing import Entry, Listing
from app.domain.names import OBJECTION_OUTCOMES
from app.domain.objections import Objection, ObjectionDecision
from app.domain.operations import DecideObjectionOperation, FileObjectionOperation
from app.domain.person_transitions import People, named_person
from app.domain.refusals import Refusals
from app.errors import FieldError


def objection_filed(
    op: FileObjectionOperation, before: Entry, people: People, refusals: Refusals, today: date
) -> Entry:
    """异议提出: return the listing with one more objection to it; it stays in force."""
    listing = before.listing
    if any(one.objection_no == op.objection_no for one in listing.objections):
        told = "本条记录已有此编号的异议；新的异议请用新的编号。"
        refusals.against("objection_no", "objection_already_filed", told)
    refusals.day("filed_on", "异议提出日期", op.filed_on, first=listing.listed_on, today=today)
    person = named_person(op.filed_by, before, people, refusals) if op.filed_by is not None else None
    refusals.settle()
    filed = Objection(op.objection_no, op.filed_on, op.matter, person.person_id if person else None)
    return replace(before, listing=replace(listing, objections=(*listing.objections, filed)))


def objection_decided(op: DecideObjectionOperation, before: Entry, _: People, refusals: Refusals, today: date) -> Entry:
    """异议处理: return the listing with the objection decided; what follows from it is said by other operations."""
    listing = before.listing
    found = next((one for one in listing.objections if one.objection_no == op.objection_no), None)
    if found is None or found.decision is not None:
        refused = why_not_decided(op, listing)
        refusals.refuse(refused.field, refused.code, refused.detail)
    refusals.day("decided_on", "异议处理日期", op.decided_on, first=found.filed_on, today=today)
    refusals.settle()
    decided = replace(found, decision=ObjectionDecision(op.outcome, op.decided_on, op.document))
    objections = tuple(decided if one is found else one for one in listing.objections)
    return replace(before, listing=replace(listing, objections=objections))


def why_not_decided(op: DecideObjectionOperation, listing: Listing) -> FieldError:
    """Say why there is nothing to decide: what the objection is, and which ones may be decided."""
    undecided = "、".join(one.objection_no for one in listing.objections if one.decision is None) or "无"
    found = next((one for one in listing.objections if one.objection_no == op.objection_no), None)
    if found is None or found.decision is None:
        told = f"本条记录没有此编号的异议。未决的异议：{undecided}。"
        return FieldError("objection_no", "objection_not_found", told, op.row)
    outcome = OBJECTION_OUTCOMES[found.decision.outcome]
    told = (
        f"该异议已于 {found.decision.on} 处理（{outcome}），不能再次处理；有新的事由的，请提出新的异议。"
        f"未决的异议：{undecided}。"
    )
    return FieldError("objection_no", "objection_already_decided", told, op.row)
