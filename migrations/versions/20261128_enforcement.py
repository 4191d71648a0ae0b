"""What departments report of the measures that they carry out.

The release before goes on beside it: nothing that it reads or writes is altered.
"""

from alembic import op

revision = "20261128_enforcement"
down_revision = "20261126_objections"

SERVICE_ROLE = "liancheng_service"

TABLES = """
CREATE TABLE enforcement_reports (
    report_id uuid NOT NULL,
    obligation_id uuid NOT NULL,
    report_no integer NOT NULL,
    department text NOT NULL,
    client_id uuid NOT NULL,
    listing_id uuid NOT NULL,
    person_id uuid,
    measure_no integer NOT NULL,
    status text NOT NULL,
    acted_on date NOT NULL,
    reason text,
    amount numeric(18, 2),
    document_no text,
    remark text,
    lookup_id uuid,
    list_version bigint NOT NULL,
    reported_at timestamptz NOT NULL,
    CONSTRAINT pk_enforcement_reports PRIMARY KEY (report_id),
    CONSTRAINT uq_enforcement_reports_obligation_id_report_no UNIQUE (obligation_id, report_no),
    CONSTRAINT fk_enforcement_reports_client_id FOREIGN KEY (client_id) REFERENCES clients (client_id),
    CONSTRAINT fk_enforcement_reports_listing_id FOREIGN KEY (listing_id) REFERENCES listings (listing_id),
    CONSTRAINT fk_enforcement_reports_person_id FOREIGN KEY (person_id) REFERENCES persons (person_id),
    CONSTRAINT ck_enforcement_reports_status CHECK (status IN ('in_progress', 'done', 'not_applicable', 'stopped')),
    CONSTRAINT ck_enforcement_reports_reason CHECK (status <> 'not_applicable' OR reason IS NOT NULL),
    CONSTRAINT ck_enforcement_reports_amount CHECK (amount >= 0),
    CONSTRAINT ck_enforcement_reports_report_no CHECK (report_no > 0)
);
CREATE INDEX ix_enforcement_reports_listing_id_department ON enforcement_reports (listing_id, department);
CREATE INDEX ix_enforcement_reports_department_report_id ON enforcement_reports (department, report_id)
"""

# A report is history like the list's: it is added, and corrected by the next one.
RIGHTS = f"GRANT SELECT, INSERT ON enforcement_reports TO {SERVICE_ROLE}"


def upgrade() -> None:
    """Apply it."""
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    op.execute(RIGHTS)


def downgrade() -> None:
    """Go back; what was reported is lost."""
    op.execute("DROP TABLE enforcement_reports")
