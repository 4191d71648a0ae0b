"""What alerts are derived from and acknowledged in, how the audit is searched, and who reads it.

The release before goes on beside it: what it writes gets the new column's default, and it reads nothing that is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261129_alerts"
down_revision = "20261128_enforcement"

SERVICE_ROLE = "liancheng_service"

# Each may be there already: what follows them is done outside their transaction, and may have to be done again.
TABLES = """
CREATE TABLE IF NOT EXISTS person_index_aliases (
    person_id uuid NOT NULL,
    index_key_id text NOT NULL,
    blind_index bytea NOT NULL,
    CONSTRAINT pk_person_index_aliases PRIMARY KEY (person_id, index_key_id),
    CONSTRAINT fk_person_index_aliases_person_id FOREIGN KEY (person_id) REFERENCES persons (person_id)
);
CREATE TABLE IF NOT EXISTS alert_acknowledgements (
    department text NOT NULL,
    alert_id text NOT NULL,
    entries integer NOT NULL,
    client_id uuid NOT NULL,
    key_id text NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    note text,
    CONSTRAINT pk_alert_acknowledgements PRIMARY KEY (department, alert_id, entries),
    CONSTRAINT fk_alert_acknowledgements_client_id FOREIGN KEY (client_id) REFERENCES clients (client_id)
);
CREATE TABLE IF NOT EXISTS readings_of_audit (
    reading_id uuid NOT NULL,
    read_at timestamptz NOT NULL,
    kind text NOT NULL,
    client_id uuid,
    key_id text,
    operator text,
    request_id text,
    filters jsonb NOT NULL,
    blind_index bytea,
    index_key_id text,
    records integer NOT NULL,
    CONSTRAINT pk_readings_of_audit PRIMARY KEY (reading_id),
    CONSTRAINT fk_readings_of_audit_client_id FOREIGN KEY (client_id) REFERENCES clients (client_id),
    CONSTRAINT ck_readings_of_audit_somebody CHECK (num_nonnulls(client_id, operator) = 1),
    CONSTRAINT ck_readings_of_audit_index_whole CHECK ((blind_index IS NULL) = (index_key_id IS NULL))
);
ALTER TABLE audit ADD IF NOT EXISTS recorded_in bigint DEFAULT pg_current_xact_id()::text::bigint NOT NULL
"""

# All of it can only be added to.
RIGHTS = f"GRANT SELECT, INSERT ON person_index_aliases, alert_acknowledgements, readings_of_audit TO {SERVICE_ROLE}"

# By unit and by person, each record in one of the two.
INDEXES = {"uscc": "uscc IS NOT NULL", "blind_index": "blind_index IS NOT NULL"}


def upgrade() -> None:
    """Apply it."""
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    op.execute(RIGHTS)
    # Partition by partition and beside running lookups: in one go, every lookup would wait for all of the audit.
    with op.get_context().autocommit_block():
        # It waits for whoever is at work, a long push too, and keeps nobody waiting meanwhile.
        op.execute("SET lock_timeout = 0")
        for column, where in INDEXES.items():
            _index(op.get_bind(), column, where)
        op.execute("SET lock_timeout = '5s'")


def _index(connection: sa.Connection, column: str, where: str) -> None:
    whole = f"ix_audit_{column}"
    op.execute(f"CREATE INDEX IF NOT EXISTS {whole} ON ONLY audit ({column}) WHERE {where}")
    partitions = sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit'::regclass")
    attached = sa.text(
        "SELECT 1 FROM pg_inherits JOIN pg_index ON indexrelid = inhrelid "
        "WHERE inhparent = CAST(:whole AS regclass) AND indrelid = CAST(:part AS regclass)"
    )
    for part in connection.execute(partitions).scalars().all():
        if connection.execute(attached, {"whole": whole, "part": part}).first():
            continue
        name = f"ix_{part}_{column}"
        # What an interrupted run left behind is not valid.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {part} ({column}) WHERE {where}")
        op.execute(f"ALTER INDEX {whole} ATTACH PARTITION {name}")


def downgrade() -> None:
    """Go back; acknowledgements and the record of readings are lost."""
    for column in INDEXES:
        op.execute(f"DROP INDEX ix_audit_{column}")
    op.execute("ALTER TABLE audit DROP recorded_in")
    op.execute("DROP TABLE readings_of_audit, alert_acknowledgements, person_index_aliases")
