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
    Numeric,
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
    # Every objection ever filed, in that order, as the revisions keep them: app/store/objections.py.
    Column("objections", JSONB, nullable=False, server_default=text("'[]'")),
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

# What a person's number gives under other keys than the one they are recorded under: lookups of before or during an
# exchange of keys were recorded under it. Empty where keys were never exchanged.
person_index_aliases = Table(
    "person_index_aliases",
    metadata,
    Column("person_id", Uuid, ForeignKey("persons.person_id"), nullable=False),
    Column("index_key_id", Text, nullable=False),
    Column("blind_index", LargeBinary, nullable=False),
    PrimaryKeyConstraint("person_id", "index_key_id"),
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
    # The transaction that wrote it, by default only: a cursor tells by it what it has seen, whenever the commit came.
    Column("recorded_in", BigInteger, nullable=False, server_default=text("pg_current_xact_id()::text::bigint")),
    PrimaryKeyConstraint("lookup_id", "answered_at"),
    # A token says nothing about the list, and yet is a question about somebody.
    CheckConstraint("verdict IN ('listed', 'not_listed', 'token_issued')", name="verdict"),
    CheckConstraint("(subject_kind = 'unit') = (uscc IS NOT NULL)", name="unit_by_uscc"),
    CheckConstraint("(subject_kind = 'person') = (blind_index IS NOT NULL)", name="person_by_blind_index"),
    CheckConstraint("subject_kind = 'unit' OR purpose IS NOT NULL", name="person_with_purpose"),
    # For alerts, searches and access requests; each record is in one of the two.
    Index("ix_audit_uscc", "uscc", postgresql_where=text("uscc IS NOT NULL")),
    Index("ix_audit_blind_index", "blind_index", postgresql_where=text("blind_index IS NOT NULL")),
    postgresql_partition_by="RANGE (answered_at)",
)

# What a department did about an obligation; the last report of one decides its state, the earlier ones stay.
enforcement_reports = Table(
    "enforcement_reports",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    # Of department, listing, person and measure: domain/obligations.py.
    Column("obligation_id", Uuid, nullable=False),
    Column("report_no", Integer, nullable=False),
    Column("department", Text, nullable=False),
    Column("client_id", Uuid, ForeignKey("clients.client_id"), nullable=False),
    Column("listing_id", Uuid, ForeignKey("listings.listing_id"), nullable=False),
    # Null where the measure is carried out against the unit.
    Column("person_id", Uuid, ForeignKey("persons.person_id")),
    Column("measure_no", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("acted_on", Date, nullable=False),
    Column("reason", Text),
    # Yuan.
    Column("amount", Numeric(18, 2)),
    Column("document_no", Text),
    Column("remark", Text),
    # The lookup that it answers, where it answers one.
    Column("lookup_id", Uuid),
    # The list that it was judged by.
    Column("list_version", BigInteger, nullable=False),
    Column("reported_at", MOMENT, nullable=False),
    UniqueConstraint("obligation_id", "report_no"),
    CheckConstraint("status IN ('in_progress', 'done', 'not_applicable', 'stopped')", name="status"),
    CheckConstraint("status <> 'not_applicable' OR reason IS NOT NULL", name="reason"),
    CheckConstraint("amount >= 0", name="amount"),
    CheckConstraint("report_no > 0", name="report_no"),
    Index("ix_enforcement_reports_listing_id_department", "listing_id", "department"),
    Index("ix_enforcement_reports_department_report_id", "department", "report_id"),
)

# Where a client wants to be told that the list has changed. A deleted one stays, without its secrets, for its log.
webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", Uuid, primary_key=True),
    Column("client_id", Uuid, ForeignKey("clients.client_id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("description", Text),
    Column("created_at", MOMENT, nullable=False),
    Column("state", Text, nullable=False),
    # Why it is disabled: by_client, gone (it answered 410), failing (for too long).
    Column("state_reason", Text),
    Column("state_since", MOMENT, nullable=False),
    # The newest version that a delivery to it was acknowledged for.
    Column("told_version", BigInteger, nullable=False),
    Column("last_delivered_at", MOMENT),
    Column("failing_since", MOMENT),
    # Sealed as domain/identity.py seals; while a rotation is under way the old one signs too.
    Column("sealed_secret", LargeBinary),
    Column("cipher_key_id", Text),
    Column("old_sealed_secret", LargeBinary),
    Column("old_cipher_key_id", Text),
    Column("old_secret_until", MOMENT),
    CheckConstraint("state IN ('enabled', 'disabled', 'deleted')", name="state"),
    CheckConstraint("(state = 'disabled') = (state_reason IS NOT NULL)", name="reason"),
    CheckConstraint(
        "(state = 'deleted') = (sealed_secret IS NULL) AND (sealed_secret IS NULL) = (cipher_key_id IS NULL)",
        name="secret_until_deleted",
    ),
    CheckConstraint(
        "num_nulls(old_sealed_secret, old_cipher_key_id, old_secret_until) IN (0, 3)", name="old_secret_whole"
    ),
    Index("uq_webhooks_client_id_url", "client_id", "url", unique=True, postgresql_where=text("state <> 'deleted'")),
)

# One nudge, whose id is the webhook-id of each attempt. What it says is settled when it is first attempted.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("webhook_id", Uuid, ForeignKey("webhooks.webhook_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("started_at", MOMENT),
    Column("from_version", BigInteger),
    Column("to_version", BigInteger),
    Column("changes", BigInteger),
    # Until then an attempt that was begun may still be under way in some process.
    Column("busy_until", MOMENT),
    Column("next_attempt_at", MOMENT),
    Column("give_up_at", MOMENT),
    CheckConstraint("kind IN ('list.changed', 'webhook.test')", name="kind"),
    CheckConstraint(
        "state IN ('waiting', 'sending', 'retrying', 'delivered', 'failed', 'superseded', 'cancelled')", name="state"
    ),
    CheckConstraint(
        "num_nulls(started_at, from_version, to_version, changes, give_up_at) IN (0, 5)", name="started_whole"
    ),
    Index("ix_webhook_deliveries_webhook_id_delivery_id", "webhook_id", "delivery_id"),
    # While one waits to be begun, another push has nothing to add: it will tell of the newest version anyway.
    Index(
        "uq_webhook_deliveries_webhook_id_waiting",
        "webhook_id",
        "kind",
        unique=True,
        postgresql_where=text("state = 'waiting'"),
    ),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("delivery_id", Uuid, ForeignKey("webhook_deliveries.delivery_id"), nullable=False),
    Column("attempt_no", Integer, nullable=False),
    Column("started_at", MOMENT, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    PrimaryKeyConstraint("delivery_id", "attempt_no"),
)

# Alerts are derived, not kept: app/store/alerts.py. That one was seen is kept, with how many lookups or reports it had
# then; one that has more since is to be seen again.
alert_acknowledgements = Table(
    "alert_acknowledgements",
    metadata,
    Column("department", Text, nullable=False),
    Column("alert_id", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("client_id", Uuid, ForeignKey("clients.client_id"), nullable=False),
    Column("key_id", Text, nullable=False),
    Column("acknowledged_at", MOMENT, nullable=False),
    Column("note", Text),
    PrimaryKeyConstraint("department", "alert_id", "entries"),
)

# Who audits the auditors: each reading of the audit, by a client or by an operator of the command line.
readings_of_audit = Table(
    "readings_of_audit",
    metadata,
    Column("reading_id", Uuid, primary_key=True),
    Column("read_at", MOMENT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("client_id", Uuid, ForeignKey("clients.client_id")),
    Column("key_id", Text),
    Column("operator", Text),
    Column("request_id", Text),
    Column("filters", JSONB, nullable=False),
    # The person it was about, where it was about one.
    Column("blind_index", LargeBinary),
    Column("index_key_id", Text),
    Column("records", Integer, nullable=False),
    CheckConstraint("num_nonnulls(client_id, operator) = 1", name="somebody"),
    CheckConstraint("(blind_index IS NULL) = (index_key_id IS NULL)", name="index_whole"),
)
