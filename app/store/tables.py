"""The tables, as the migrations leave them; the drift test holds the two together.

What a listing *is* now stands in ``listings`` and ``related_persons``; what ever happened to it stands in
``listing_revisions`` and ``changes``, which the running service can add to but not alter.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

MOMENT = DateTime(timezone=True)

# One row. Its lock is what makes pushes queue, so that list versions are in the order of commits.
list_state = Table(
    "list_state",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("list_version", BigInteger, nullable=False),
    CheckConstraint("only_row", name="only_row"),
)

clients = Table(
    "clients",
    metadata,
    Column("client_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("department", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False, server_default=text("now()")),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("client_id", Uuid, ForeignKey("clients.client_id"), nullable=False, index=True),
    Column("secret_digest", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", MOMENT, nullable=False, server_default=text("now()")),
    Column("expires_at", MOMENT),
    Column("revoked_at", MOMENT),
)

pushes = Table(
    "pushes",
    metadata,
    Column("push_id", Uuid, primary_key=True),
    Column("list_version", BigInteger, nullable=False, unique=True),
    Column("client_id", Uuid, ForeignKey("clients.client_id"), nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("body_fingerprint", LargeBinary, nullable=False),
    Column("fingerprint_key_id", Text, nullable=False),
    Column("source_document", Text),
    Column("committed_at", MOMENT, nullable=False),
    UniqueConstraint("client_id", "idempotency_key"),
)

listings = Table(
    "listings",
    metadata,
    Column("listing_id", Uuid, primary_key=True),
    Column("uscc", Text, nullable=False),
    Column("unit_name", Text, nullable=False),
    Column("former_names", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("decision_no", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("conduct", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("listed_on", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("removed_on", Date),
    Column("removal_reason", Text),
    Column("removal_decision_no", Text),
    Column("revision", Integer, nullable=False),
    # Also what the lookup by unit reads; one decision lists a unit once.
    UniqueConstraint("uscc", "decision_no"),
    CheckConstraint("valid_until >= listed_on", name="period"),
    CheckConstraint("(removed_on IS NULL) = (removal_reason IS NULL)", name="removal_whole"),
    CheckConstraint("removed_on >= listed_on", name="removal_after_listing"),
    CheckConstraint("removal_reason IN ('repaired', 'expired', 'revoked', 'corrected')", name="removal_reason"),
)

listing_revisions = Table(
    "listing_revisions",
    metadata,
    Column("listing_id", Uuid, ForeignKey("listings.listing_id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("push_id", Uuid, ForeignKey("pushes.push_id"), nullable=False),
    Column("list_version", BigInteger, nullable=False),
    Column("operation", Text, nullable=False),
    Column("recorded_at", MOMENT, nullable=False),
    # The whole listing after the operation, persons by person_id: see app/store/listings.py.
    Column("state", JSONB, nullable=False),
    PrimaryKeyConstraint("listing_id", "revision"),
)

# One row per recorded identity, never changed by the service. Number and name live only here, so that re-keying and a
# court-ordered erasure have one place to work on and leave the history alone.
persons = Table(
    "persons",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("blind_index", LargeBinary, nullable=False),
    Column("index_key_id", Text, nullable=False),
    Column("sealed_number", LargeBinary, nullable=False),
    Column("cipher_key_id", Text, nullable=False),
    Column("masked_number", Text, nullable=False),
    # The lookup by person starts from it.
    UniqueConstraint("blind_index", "name"),
)

# Which key an identifier stands for, so that another key under the same identifier is seen before it is used.
identity_keys = Table(
    "identity_keys",
    metadata,
    Column("kind", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("check_value", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "key_id"),
    CheckConstraint("kind IN ('index', 'cipher')", name="kind"),
)

# Under which index keys persons are recorded: a process that lacks one of them cannot say that a person is not listed.
index_keys_in_use = Table(
    "index_keys_in_use",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("since", MOMENT, nullable=False, server_default=text("now()")),
)

related_persons = Table(
    "related_persons",
    metadata,
    Column("listing_id", Uuid, ForeignKey("listings.listing_id"), nullable=False),
    Column("person_id", Uuid, ForeignKey("persons.person_id"), nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    # The position ban of measure 9: none, until a day, or for life.
    Column("ban_until", Date),
    Column("ban_for_life", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("listing_id", "person_id"),
    CheckConstraint("NOT (ban_for_life AND ban_until IS NOT NULL)", name="ban_either_way"),
    CheckConstraint("cardinality(roles) > 0", name="some_role"),
    Index("ix_related_persons_person_id", "person_id"),
)

changes = Table(
    "changes",
    metadata,
    Column("list_version", BigInteger, nullable=False),
    Column("change_no", Integer, nullable=False),
    Column("listing_id", Uuid, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("operation", Text, nullable=False),
    PrimaryKeyConstraint("list_version", "change_no"),
)

catalogues = Table(
    "catalogues",
    metadata,
    Column("catalogue_version", Text, primary_key=True),
    Column("source", LargeBinary, nullable=False),
    Column("first_served_at", MOMENT, nullable=False, server_default=text("now()")),
)

# Partitioned by month of answered_at. No foreign keys: they would be paid by every lookup, and clients, listings and
# persons are never deleted.
audit = Table(
    "audit",
    metadata,
    Column("lookup_id", Uuid, nullable=False),
    Column("answered_at", MOMENT, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("purpose", Text),
    Column("reference", Text),
    Column("subject_kind", Text, nullable=False),
    Column("uscc", Text),
    Column("blind_index", LargeBinary),
    Column("index_key_id", Text),
    Column("masked_number", Text),
    Column("on_day", Date, nullable=False),
    Column("view", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("list_version", BigInteger, nullable=False),
    Column("catalogue_version", Text, nullable=False),
    # What was answered: listing_ids[i] at revisions[i], for a person as person_ids[i].
    Column("listing_ids", ARRAY(Uuid), nullable=False),
    Column("revisions", ARRAY(Integer), nullable=False),
    Column("person_ids", ARRAY(Uuid), nullable=False),
    PrimaryKeyConstraint("lookup_id", "answered_at"),
    CheckConstraint("verdict IN ('listed', 'not_listed')", name="verdict"),
    CheckConstraint("(subject_kind = 'unit') = (uscc IS NOT NULL)", name="unit_by_uscc"),
    CheckConstraint("(subject_kind = 'person') = (blind_index IS NOT NULL)", name="person_by_blind_index"),
    CheckConstraint("subject_kind = 'unit' OR purpose IS NOT NULL", name="person_with_purpose"),
    postgresql_partition_by="RANGE (answered_at)",
)
