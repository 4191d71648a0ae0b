"""The way of the FastAPI templates: an ORM session a request, objects with relationships, and a ``response_model``.

The catalogue lies in tables and is loaded with the answer; each answer adds an audit object and commits. The database
is the service's own, the schema ``bench`` beside it holds the catalogue (benchmarks/relational.py). BENCH_DATABASE_URL.
"""

import hmac
import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives import hashes
from fastapi import Depends, FastAPI, Header, HTTPException
from sqlalchemy import ARRAY, DateTime, ForeignKey, Integer, Text, Uuid, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from uuid_utils.compat import uuid7

from app.api.schemas.lookups import LookupAnswer, LookupRequest
from app.domain.codes import Uscc, parse_code
from app.domain.moment import Moment


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map = {datetime: DateTime(timezone=True), list[str]: ARRAY(Text)}  # noqa: RUF012 - SQLAlchemy's form


class Client(Base):
    """A caller."""

    __tablename__ = "clients"
    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    department: Mapped[str]


class Key(Base):
    """A caller's key."""

    __tablename__ = "api_keys"
    key_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.client_id"))
    secret_digest: Mapped[bytes]
    revoked_at: Mapped[datetime | None]
    client: Mapped[Client] = relationship(lazy="joined")


class State(Base):
    """The list's version."""

    __tablename__ = "list_state"
    only_row: Mapped[bool] = mapped_column(primary_key=True)
    list_version: Mapped[int]


class Listing(Base):
    """A listing."""

    __tablename__ = "listings"
    listing_id: Mapped[UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str]
    unit_name: Mapped[str]
    former_names: Mapped[list[str]]
    decision_no: Mapped[str]
    decided_by: Mapped[str]
    conduct: Mapped[str]
    conduct_code: Mapped[str | None]
    tier: Mapped[str]
    facts: Mapped[str | None]
    basis: Mapped[str | None]
    listed_on: Mapped[date]
    valid_until: Mapped[date]
    removed_on: Mapped[date | None]
    revision: Mapped[int]
    objections: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class Audit(Base):
    """The record of an answer."""

    __tablename__ = "audit"
    lookup_id: Mapped[UUID] = mapped_column(primary_key=True)
    answered_at: Mapped[datetime] = mapped_column(primary_key=True)
    request_id: Mapped[str]
    client_id: Mapped[UUID]
    key_id: Mapped[str]
    department: Mapped[str]
    purpose: Mapped[str | None]
    reference: Mapped[str | None]
    subject_kind: Mapped[str]
    uscc: Mapped[str | None]
    on_day: Mapped[date]
    view: Mapped[str]
    verdict: Mapped[str]
    list_version: Mapped[int]
    catalogue_version: Mapped[str]
    listing_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    revisions: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    person_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))


class Provision(Base):
    """A provision of a legal basis."""

    __tablename__ = "provisions"
    __table_args__ = {"schema": "bench"}  # noqa: RUF012 - SQLAlchemy's form
    id: Mapped[int] = mapped_column(primary_key=True)
    basis_id: Mapped[int] = mapped_column(ForeignKey("bench.legal_bases.id"))
    heading: Mapped[str | None]
    label: Mapped[str | None]
    later_law: Mapped[list["ProvisionNote"]] = relationship(lazy="selectin", order_by="ProvisionNote.id")


class ProvisionNote(Base):
    """What became of a provision."""

    __tablename__ = "provision_notes"
    __table_args__ = {"schema": "bench"}  # noqa: RUF012 - SQLAlchemy's form
    id: Mapped[int] = mapped_column(primary_key=True)
    provision_id: Mapped[int] = mapped_column(ForeignKey("bench.provisions.id"))
    since: Mapped[date | None]
    note: Mapped[str]
    confidence: Mapped[str]
    source: Mapped[str | None]


class BasisNote(Base):
    """What became of a document."""

    __tablename__ = "basis_notes"
    __table_args__ = {"schema": "bench"}  # noqa: RUF012 - SQLAlchemy's form
    id: Mapped[int] = mapped_column(primary_key=True)
    basis_id: Mapped[int] = mapped_column(ForeignKey("bench.legal_bases.id"))
    since: Mapped[date | None]
    note: Mapped[str]
    confidence: Mapped[str]
    source: Mapped[str | None]


class LegalBasis(Base):
    """A document that a measure rests on."""

    __tablename__ = "legal_bases"
    __table_args__ = {"schema": "bench"}  # noqa: RUF012 - SQLAlchemy's form
    id: Mapped[int] = mapped_column(primary_key=True)
    measure_no: Mapped[int] = mapped_column(ForeignKey("bench.measures.no"))
    document: Mapped[str]
    document_no: Mapped[str | None]
    later_law_checked: Mapped[bool]
    later_law: Mapped[list[BasisNote]] = relationship(lazy="selectin", order_by=BasisNote.id)
    provisions: Mapped[list[Provision]] = relationship(lazy="selectin", order_by=Provision.id)


class SubMeasure(Base):
    """A part of a measure."""

    __tablename__ = "sub_measures"
    __table_args__ = {"schema": "bench"}  # noqa: RUF012 - SQLAlchemy's form
    measure_no: Mapped[int] = mapped_column(ForeignKey("bench.measures.no"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    applies: Mapped[str]


class Measure(Base):
    """A measure that applies to a listed unit."""

    __tablename__ = "measures"
    __table_args__ = {"schema": "bench"}  # noqa: RUF012 - SQLAlchemy's form
    no: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    applies: Mapped[str]
    done_to_unit: Mapped[str | None]
    printed: Mapped[str]
    named: Mapped[list[str]]
    open_class: Mapped[str | None]
    yours: Mapped[str]
    sub_measures: Mapped[list[SubMeasure]] = relationship(lazy="selectin", order_by=SubMeasure.no)
    legal_bases: Mapped[list[LegalBasis]] = relationship(lazy="selectin", order_by=LegalBasis.id)


async def _connect() -> Any:  # noqa: ANN401 - asyncpg's connection
    return await asyncpg.connect(os.environ["BENCH_DATABASE_URL"], server_settings={"jit": "off", "timezone": "UTC"})


_engine = create_async_engine("postgresql+asyncpg://", async_creator=_connect, pool_size=10, max_overflow=0)
_sessions = async_sessionmaker(_engine, expire_on_commit=False)
_VERSION = os.environ["BENCH_CATALOGUE_VERSION"]

app = FastAPI(
    telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}
)


async def _session() -> AsyncIterator[AsyncSession]:
    async with _sessions() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(_session)]


async def _client(session: SessionDep, authorization: Annotated[str, Header()]) -> Key:
    _, key_id, secret = authorization.removeprefix("Bearer ").split("_")
    digest = hashes.Hash(hashes.SM3())
    digest.update(secret.encode())
    key = await session.get(Key, key_id)
    if key is None or key.revoked_at is not None or not hmac.compare_digest(key.secret_digest, digest.finalize()):
        raise HTTPException(401)
    return key


KeyDep = Annotated[Key, Depends(_client)]


@app.post("/v1/lookups", response_model=LookupAnswer)
async def look_up(body: LookupRequest, key: KeyDep, session: SessionDep) -> Any:  # noqa: ANN401 - shaped by response_model
    """Answer for a unit."""
    moment = Moment.current()
    code = parse_code(body.code, today=moment.today, expected=body.subject_kind)
    if not isinstance(code, Uscc):
        raise HTTPException(422)
    day = moment.today
    found = select(Listing).where(Listing.uscc == code.value, Listing.listed_on <= day, Listing.valid_until >= day)
    listings = (await session.scalars(found.where((Listing.removed_on.is_(None)) | (Listing.removed_on > day)))).all()
    measures = (await session.scalars(select(Measure).order_by(Measure.no))).all() if listings else []
    state = (await session.scalars(select(State))).one()
    record = Audit(
        lookup_id=uuid7(),
        answered_at=datetime.now(UTC),
        request_id=str(uuid7()),
        client_id=key.client.client_id,
        key_id=key.key_id,
        department=key.client.department,
        purpose=body.purpose,
        reference=body.reference,
        subject_kind="unit",
        uscc=code.value,
        on_day=day,
        view=body.view.value,
        verdict="listed" if listings else "not_listed",
        list_version=state.list_version,
        catalogue_version=_VERSION,
        listing_ids=[one.listing_id for one in listings],
        revisions=[one.revision for one in listings],
        person_ids=[],
    )
    session.add(record)
    await session.commit()
    return {
        "lookup_id": record.lookup_id,
        "answered_at": record.answered_at,
        "on": day,
        "known_at": None,
        "list_version": record.list_version,
        "catalogue_version": _VERSION,
        "code": code.value,
        "subject_kind": "unit",
        "verdict": record.verdict,
        "scene": None,
        "listings": [_listing(one) for one in listings],
        "measures": [_measure(one) for one in measures],
    }


def _listing(one: Listing) -> dict[str, Any]:
    contesting = [objection for objection in one.objections if objection["outcome"] is None]
    plain = ("listing_id", "revision", "decision_no", "decided_by", "conduct", "conduct_code", "tier", "facts", "basis")
    return {name: getattr(one, name) for name in (*plain, "listed_on", "valid_until")} | {
        "state": "in_force",
        "unit": {"name": one.unit_name, "uscc": one.uscc, "former_names": one.former_names},
        "person": None,
        "removal": None,
        "contested": bool(contesting),
        "open_objections": [{name: own[name] for name in ("objection_no", "filed_on")} for own in contesting],
    }


def _measure(one: Measure) -> dict[str, Any]:
    return {
        "no": one.no,
        "title": one.title,
        "sub_measures": [{"no": part.no, "text": part.text, "applies": part.applies} for part in one.sub_measures],
        "applies": one.applies,
        "done_to_unit": one.done_to_unit,
        "departments": {"printed": one.printed, "named": one.named, "open_class": one.open_class},
        "yours": one.yours,
        "asks": None,
        "legal_bases": [
            {
                "document": basis.document,
                "document_no": basis.document_no,
                "later_law": [_note(note) for note in basis.later_law],
                "later_law_checked": basis.later_law_checked,
                "provisions": [
                    {
                        "heading": provision.heading,
                        "label": provision.label,
                        "text": None,
                        "later_law": [_note(note) for note in provision.later_law],
                    }
                    for provision in basis.provisions
                ],
            }
            for basis in one.legal_bases
        ],
    }


def _note(note: ProvisionNote | BasisNote) -> dict[str, Any]:
    return {"since": note.since, "note": note.note, "confidence": note.confidence, "source": note.source}
