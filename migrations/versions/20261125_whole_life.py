"""The list's whole life: more that can happen to a listing, a chain over its history, pushes that wait for approval.

The lookups of the release before go on while this runs and after it. Its pushes are refused from then on (what they
would write would not be in the chain) until their process is replaced; nothing of them is lost.
"""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from cryptography.hazmat.primitives import hashes

revision = "20261125_whole_life"
down_revision = "20261124_first_release"

SERVICE_ROLE = "liancheng_service"

TABLES = """
ALTER TABLE listings
    ADD conduct_code text,
    ADD facts text,
    ADD basis text,
    ADD published_until date,
    ADD nonconforming_reason text,
    ADD suspensions datemultirange DEFAULT '{}' NOT NULL,
    ADD list_version bigint;
UPDATE listings SET list_version = (
    SELECT max(r.list_version) FROM listing_revisions r WHERE r.listing_id = listings.listing_id
);
ALTER TABLE listings ALTER list_version SET NOT NULL;

ALTER TABLE related_persons
    ADD ban_since date,
    ADD since date,
    ADD ended_on date,
    ADD end_reason text,
    ADD absences datemultirange DEFAULT '{}' NOT NULL,
    ADD CONSTRAINT ck_related_persons_end_whole CHECK ((ended_on IS NULL) = (end_reason IS NULL)),
    ADD CONSTRAINT ck_related_persons_end_reason CHECK (end_reason IN ('left', 'corrected'));

ALTER TABLE persons
    ALTER name DROP NOT NULL,
    ALTER blind_index DROP NOT NULL,
    ALTER index_key_id DROP NOT NULL,
    ALTER sealed_number DROP NOT NULL,
    ALTER cipher_key_id DROP NOT NULL,
    ALTER masked_number DROP NOT NULL,
    ADD salt bytea,
    ADD commitment text,
    ADD IF NOT EXISTS erased_at timestamptz,
    ADD CONSTRAINT ck_persons_whole_or_erased CHECK (
        CASE WHEN erased_at IS NULL
        THEN num_nulls(name, blind_index, index_key_id, sealed_number, cipher_key_id, masked_number) = 0
        ELSE num_nonnulls(name, blind_index, index_key_id, sealed_number, cipher_key_id, masked_number, salt) = 0 END
    );

ALTER TABLE pushes
    ADD mode text DEFAULT 'delta' NOT NULL,
    ADD counts jsonb,
    ADD approved_by uuid,
    ADD head bytea,
    ADD CONSTRAINT ck_pushes_mode CHECK (mode IN ('delta', 'snapshot', 'maintenance')),
    ADD CONSTRAINT fk_pushes_approved_by FOREIGN KEY (approved_by) REFERENCES clients (client_id);
ALTER TABLE pushes ALTER mode DROP DEFAULT;
CREATE INDEX ix_pushes_committed_at ON pushes (committed_at);

ALTER TABLE listing_revisions
    ADD change_no integer,
    ADD row_no integer,
    ADD detail jsonb DEFAULT '{}' NOT NULL,
    ADD hash bytea;
UPDATE listing_revisions r SET change_no = c.change_no, row_no = c.change_no
    FROM changes c WHERE c.listing_id = r.listing_id AND c.revision = r.revision;
ALTER TABLE listing_revisions
    ALTER detail DROP DEFAULT,
    ALTER change_no SET NOT NULL,
    DROP recorded_at,
    DROP CONSTRAINT fk_listing_revisions_push_id,
    ADD CONSTRAINT uq_listing_revisions_list_version_change_no UNIQUE (list_version, change_no);
CREATE INDEX ix_listing_revisions_uscc ON listing_revisions ((state ->> 'uscc'));
DROP TABLE changes;

ALTER TABLE audit ADD known_at timestamptz;
ALTER TABLE audit DROP CONSTRAINT ck_audit_verdict;
ALTER TABLE audit ADD CONSTRAINT ck_audit_verdict CHECK (verdict IN ('listed', 'not_listed', 'token_issued')) NOT VALID;

CREATE TABLE waiting_pushes (
    push_id uuid NOT NULL,
    client_id uuid NOT NULL,
    idempotency_key text NOT NULL,
    body_fingerprint bytea NOT NULL,
    fingerprint_key_id text NOT NULL,
    received_at timestamptz NOT NULL,
    list_version bigint NOT NULL,
    media_type text NOT NULL,
    options jsonb NOT NULL,
    outcome jsonb NOT NULL,
    cipher_key_id text NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    approved boolean,
    CONSTRAINT pk_waiting_pushes PRIMARY KEY (push_id),
    CONSTRAINT uq_waiting_pushes_client_id_idempotency_key UNIQUE (client_id, idempotency_key),
    CONSTRAINT fk_waiting_pushes_client_id FOREIGN KEY (client_id) REFERENCES clients (client_id),
    CONSTRAINT fk_waiting_pushes_decided_by FOREIGN KEY (decided_by) REFERENCES clients (client_id),
    CONSTRAINT ck_waiting_pushes_decided_whole CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
    CONSTRAINT ck_waiting_pushes_decided_either_way CHECK ((decided_at IS NULL) = (approved IS NULL)),
    CONSTRAINT ck_waiting_pushes_second_client CHECK (decided_by <> client_id)
);
CREATE TABLE waiting_push_parts (
    push_id uuid NOT NULL,
    part_no integer NOT NULL,
    sealed bytea NOT NULL,
    CONSTRAINT pk_waiting_push_parts PRIMARY KEY (push_id, part_no),
    CONSTRAINT fk_waiting_push_parts_push_id FOREIGN KEY (push_id) REFERENCES waiting_pushes (push_id)
)
"""

# Changing what a listing is now is the service's work; altering what it was stays out of its reach.
RIGHTS = f"""
GRANT UPDATE ON related_persons TO {SERVICE_ROLE};
GRANT SELECT (commitment, erased_at), INSERT ON persons TO {SERVICE_ROLE};
GRANT SELECT, INSERT, UPDATE (decided_at, decided_by, approved) ON waiting_pushes TO {SERVICE_ROLE};
GRANT SELECT, INSERT, UPDATE (sealed) ON waiting_push_parts TO {SERVICE_ROLE};
DO $$ BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO {SERVICE_ROLE}', current_database());
END $$
"""

FINISH = """
ALTER TABLE listing_revisions ALTER hash SET NOT NULL;
ALTER TABLE pushes ALTER head SET NOT NULL, ALTER counts SET NOT NULL
"""


def upgrade() -> None:
    """Apply it."""
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    *grants, block = RIGHTS.split(";\n", 4)
    for statement in (*grants, block):
        op.execute(statement)
    _chain_up(op.get_bind())
    for statement in FINISH.split(";\n"):
        op.execute(statement)
    # In a transaction of its own: it reads all of the audit, and lookups must be able to write to it meanwhile.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE audit VALIDATE CONSTRAINT ck_audit_verdict")


def _link(previous: bytes, record: dict[str, Any]) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(previous)
    digest.update(json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode())
    return digest.finalize()


def _chain_up(connection: sa.Connection) -> None:
    """Link what was pushed before there was a chain, in the order of the list's versions."""
    head = bytes(32)
    for push in connection.execute(sa.text("SELECT * FROM pushes ORDER BY list_version")).mappings().all():
        query = sa.text("SELECT * FROM listing_revisions WHERE push_id = :push ORDER BY change_no")
        counts: dict[str, int] = {}
        for row in connection.execute(query, {"push": push["push_id"]}).mappings().all():
            record = {
                "list_version": row["list_version"],
                "change_no": row["change_no"],
                "row": row["row_no"],
                "op": row["operation"],
                "listing_id": str(row["listing_id"]),
                "revision": row["revision"],
                "detail": row["detail"],
                "state": row["state"],
            }
            head = _link(head, record)
            counts[row["operation"]] = counts.get(row["operation"], 0) + 1
            where = {"link": head, "listing": row["listing_id"], "revision": row["revision"]}
            connection.execute(
                sa.text(
                    "UPDATE listing_revisions SET hash = :link WHERE listing_id = :listing AND revision = :revision"
                ),
                where,
            )
        committed_at: datetime = push["committed_at"]
        record = {
            "push_id": str(push["push_id"]),
            "list_version": push["list_version"],
            "client_id": str(push["client_id"]),
            "mode": "delta",
            "source_document": push["source_document"],
            "committed_at": committed_at.astimezone(UTC).isoformat(),
            "body_fingerprint": push["body_fingerprint"].hex(),
            "counts": counts,
            "approved_by": None,
        }
        head = _link(head, record)
        connection.execute(
            sa.text("UPDATE pushes SET head = :head, counts = CAST(:counts AS jsonb) WHERE push_id = :push"),
            {"head": head, "counts": json.dumps(counts), "push": push["push_id"]},
        )


def downgrade() -> None:
    """Go back as far as that is possible: what only this release could record is lost."""
    op.execute("DROP TABLE waiting_push_parts, waiting_pushes")
    op.execute("DELETE FROM audit WHERE verdict = 'token_issued'")
    op.execute("ALTER TABLE audit DROP known_at, DROP CONSTRAINT ck_audit_verdict")
    op.execute("ALTER TABLE audit ADD CONSTRAINT ck_audit_verdict CHECK (verdict IN ('listed', 'not_listed'))")
    op.execute(
        "CREATE TABLE changes (list_version bigint NOT NULL, change_no integer NOT NULL, listing_id uuid NOT NULL, "
        "revision integer NOT NULL, operation text NOT NULL, "
        "CONSTRAINT pk_changes PRIMARY KEY (list_version, change_no))"
    )
    op.execute(
        "INSERT INTO changes SELECT list_version, change_no, listing_id, revision, operation FROM listing_revisions"
    )
    op.execute(f"GRANT SELECT, INSERT ON changes TO {SERVICE_ROLE}")
    op.execute("DROP INDEX ix_listing_revisions_uscc")
    op.execute(
        "ALTER TABLE listing_revisions DROP CONSTRAINT uq_listing_revisions_list_version_change_no, DROP change_no, "
        "DROP row_no, DROP detail, DROP hash, ADD recorded_at timestamptz"
    )
    op.execute("UPDATE listing_revisions r SET recorded_at = p.committed_at FROM pushes p WHERE p.push_id = r.push_id")
    op.execute(
        "ALTER TABLE listing_revisions ALTER recorded_at SET NOT NULL, ADD CONSTRAINT fk_listing_revisions_push_id "
        "FOREIGN KEY (push_id) REFERENCES pushes (push_id)"
    )
    op.execute("ALTER TABLE pushes DROP mode, DROP counts, DROP approved_by, DROP head")
    op.execute("DROP INDEX IF EXISTS ix_pushes_committed_at")
    op.execute("ALTER TABLE related_persons DROP ban_since, DROP since, DROP ended_on, DROP end_reason, DROP absences")
    op.execute(
        "ALTER TABLE listings DROP conduct_code, DROP facts, DROP basis, DROP published_until, "
        "DROP nonconforming_reason, DROP suspensions, DROP list_version"
    )
    # Erased persons stay erased, so their columns stay nullable.
    op.execute("ALTER TABLE persons DROP CONSTRAINT ck_persons_whole_or_erased, DROP salt, DROP commitment")
