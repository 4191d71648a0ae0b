"""The tables, as the migrations leave them; the drift test holds the two together.

What a listing *is* now stands in ``listings`` and ``related_persons``; what ever happened to it stands in
``listing_revisions`` and ``pushes``, which the running service can add to but not alter.
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
from sqlalchemy.dialects.postgresql import DATEMULTIRANGE, JSONB

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
    Column("committed_at", MOMENT, nullable=False, index=True),
    Column("mode", Text, nullable=False),
    # How many operations of each kind, and how many listings of a snapshot were unchanged.
    Column("counts", JSONB, nullable=False),
    Column("approved_by", Uuid, ForeignKey("clients.client_id")),
    # The last link of the push: domain/chain.py.
    Column("head", LargeBinary, nullable=False),
    UniqueConstraint("client_id", "idempotency_key"),
    CheckConstraint("mode IN ('delta', 'snapshot', 'maintenance')", name="mode"),
)

# A push that waits for a second client: its body, sealed, in parts, which are emptied once it is decided.
waiting_pushes = Table(
    "waiting_pushes",
    metadata,
    Column("push_id", Uuid, primary_key=True),
    Column("client_id", Uuid, ForeignKey("clients.client_id"), nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("body_fingerprint", LargeBinary, nullable=False),
    Column("fingerprint_key_id", Text, nullable=False),
    Column("received_at", MOMENT, nullable=False),
    # What it was checked against, and how it was asked for; a dry run's answer of then.
    Column("list_version", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("options", JSONB, nullable=False),
    Column("outcome", JSONB, nullable=False),
    Column("cipher_key_id", Text, nullable=False),
    Column("decided_at", MOMENT),
    Column("decided_by", Uuid, ForeignKey("clients.client_id")),
    Column("approved", Boolean),
    UniqueConstraint("client_id", "idempotency_key"),
    CheckConstraint("(decided_at IS NULL) = (decided_by IS NULL)", name="decided_whole"),
    CheckConstraint("(decided_at IS NULL) = (approved IS NULL)", name="decided_either_way"),
    CheckConstraint("decided_by <> client_id", name="second_client"),
)

waiting_push_parts = Table(
    "waiting_push_parts",
    metadata,
    Column("push_id", Uuid, ForeignKey("waiting_pushes.push_id"), nullable=False),
    Column("part_no", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("push_id", "part_no"),
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
    Column("conduct_code", Text),
    Column("facts", Text),
    Column("basis", Text),
    Column("published_until", Date),
    # Why a code that fails its check character is listed all the same.
    Column("nonconforming_reason", Text),
    # The days between a removal and the restoring of the listing.
    Column("suspensions", DATEMULTIRANGE, nullable=False, server_default=text("'{}'")),
    # The version of the last change.
    Column("list_version", BigInteger, nullable=False),
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
    # No foreign key: the push is written when its changes are, and the chain ties the two together.
    Column("push_id", Uuid, nullable=False),
    Column("list_version", BigInteger, nullable=False),
    # The how-manieth change of its version; the order that the feed and the chain are in.
    Column("change_no", Integer, nullable=False),
    # The row of the push that asked for it; a removal that a snapshot implies has none.
    Column("row_no", Integer),
    Column("operation", Text, nullable=False),
    # What the operation says beyond the state that it leads to: reasons, documents.
    Column("detail", JSONB, nullable=False),
    # The whole listing after the operation, persons by person_id: see app/store/revisions.py.
    Column("state", JSONB, nullable=False),
    # The link of this change: domain/chain.py.
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("listing_id", "revision"),
    UniqueConstraint("list_version", "change_no"),
    Index("ix_listing_revisions_uscc", text("(state ->> 'uscc')")),
)

# One row per recorded identity, never changed by the service. Number and name live only here, so that re-keying and a
# court-ordered erasure have one place to work on and leave the history alone; of somebody erased, the commitment stays.
persons = Table(
    "persons",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("name", Text),
    Column("blind_index", LargeBinary),
    Column("index_key_id", Text),
    Column("sealed_number", LargeBinary),
    Column("cipher_key_id", Text),
    Column("masked_number", Text),
    Column("salt", LargeBinary),
    Column("commitment", Text),
    Column("erased_at", MOMENT),
    # The lookup by person starts from it.
    UniqueConstraint("blind_index", "name"),
    CheckConstraint(
        "CASE WHEN erased_at IS NULL THEN num_nulls(name, blind_index, index_key_id, sealed_number, cipher_key_id, "
        "masked_number) = 0 ELSE num_nonnulls(name, blind_index, index_key_id, sealed_number, cipher_key_id, "
        "masked_number, salt) = 0 END",
        name="whole_or_erased",
    ),
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
    Column("ban_since", Date),
    # From when to when the person answers for the unit; an end as 'corrected' says that they never did.
    Column("since", Date),
    Column("ended_on", Date),
    Column("end_reason", Text),
    Column("absences", DATEMULTIRANGE, nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("listing_id", "person_id"),
    CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="end_whole"),
    CheckConstraint("end_reason IN ('left', 'corrected')", name="end_reason"),
    CheckConstraint("NOT (ban_for_life AND ban_until IS NOT NULL)", name="ban_either_way"),
    CheckConstraint("cardinality(roles) > 0", name="some_role"),
    Index("ix_related_persons_person_id", "person_id"),
)

catalogues = Table(
    "catalogues",
    metadata,
    Column("catalogue_version", Text, primary_key=True),
    Column("source", LargeBinary, nullable=False),
    Column("first_served_at", MOMENT, nullable=False, server_default=text("now()")),
)

scenes = Table(
    "scenes",
    metadata,
    Column("scenes_version", Text, primary_key=True),
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
    # The moment as known at which the answer was asked for; null is now.
    Column("known_at", MOMENT),
    Column("view", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("list_version", BigInteger, nullable=False),
    Column("catalogue_version", Text, nullable=False),
    # What was answered: listing_ids[i] at revisions[i], for a person as person_ids[i].
    Column("listing_ids", ARRAY(Uuid), nullable=False),
    Column("revisions", ARRAY(Integer), nullable=False),
    Column("person_ids", ARRAY(Uuid), nullable=False),
    # The scene that was asked in, and the scenes that it was taken from; null is none.
    Column("scene", Text),
    Column("scenes_version", Text),
    PrimaryKeyConstraint("lookup_id", "answered_at"),
    # A token says nothing about the list, and yet is a question about somebody.
    CheckConstraint("verdict IN ('listed', 'not_listed', 'token_issued')", name="verdict"),
    CheckConstraint("(subject_kind = 'unit') = (uscc IS NOT NULL)", name="unit_by_uscc"),
    CheckConstraint("(subject_kind = 'person') = (blind_index IS NOT NULL)", name="person_by_blind_index"),
    CheckConstraint("subject_kind = 'unit' OR purpose IS NOT NULL", name="person_with_purpose"),
    CheckConstraint("(scene IS NULL) = (scenes_version IS NULL)", name="scene_with_version"),
    postgresql_partition_by="RANGE (answered_at)",
)
