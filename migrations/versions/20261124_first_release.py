"""The list, its history, who may ask, and the record of every answer."""

from alembic import op

revision = "20261124_first_release"
down_revision = None

SERVICE_ROLE = "liancheng_service"

TABLES = """
CREATE TABLE list_state (
    only_row boolean DEFAULT true NOT NULL,
    list_version bigint NOT NULL,
    CONSTRAINT pk_list_state PRIMARY KEY (only_row),
    CONSTRAINT ck_list_state_only_row CHECK (only_row)
);
INSERT INTO list_state (list_version) VALUES (0);

CREATE TABLE clients (
    client_id uuid NOT NULL,
    name text NOT NULL,
    department text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_clients PRIMARY KEY (client_id),
    CONSTRAINT uq_clients_name UNIQUE (name)
);

CREATE TABLE api_keys (
    key_id text NOT NULL,
    client_id uuid NOT NULL,
    secret_digest bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT pk_api_keys PRIMARY KEY (key_id),
    CONSTRAINT fk_api_keys_client_id FOREIGN KEY (client_id) REFERENCES clients (client_id)
);
CREATE INDEX ix_api_keys_client_id ON api_keys (client_id);

CREATE TABLE pushes (
    push_id uuid NOT NULL,
    list_version bigint NOT NULL,
    client_id uuid NOT NULL,
    idempotency_key text NOT NULL,
    body_fingerprint bytea NOT NULL,
    fingerprint_key_id text NOT NULL,
    source_document text,
    committed_at timestamptz NOT NULL,
    CONSTRAINT pk_pushes PRIMARY KEY (push_id),
    CONSTRAINT uq_pushes_list_version UNIQUE (list_version),
    CONSTRAINT uq_pushes_client_id_idempotency_key UNIQUE (client_id, idempotency_key),
    CONSTRAINT fk_pushes_client_id FOREIGN KEY (client_id) REFERENCES clients (client_id)
);

CREATE TABLE listings (
    listing_id uuid NOT NULL,
    uscc text NOT NULL,
    unit_name text NOT NULL,
    former_names text[] DEFAULT '{}' NOT NULL,
    decision_no text NOT NULL,
    decided_by text NOT NULL,
    conduct text NOT NULL,
    tier text NOT NULL,
    listed_on date NOT NULL,
    valid_until date NOT NULL,
    removed_on date,
    removal_reason text,
    removal_decision_no text,
    revision integer NOT NULL,
    CONSTRAINT pk_listings PRIMARY KEY (listing_id),
    CONSTRAINT uq_listings_uscc_decision_no UNIQUE (uscc, decision_no),
    CONSTRAINT ck_listings_period CHECK (valid_until >= listed_on),
    CONSTRAINT ck_listings_removal_whole CHECK ((removed_on IS NULL) = (removal_reason IS NULL)),
    CONSTRAINT ck_listings_removal_after_listing CHECK (removed_on >= listed_on),
    CONSTRAINT ck_listings_removal_reason
        CHECK (removal_reason IN ('repaired', 'expired', 'revoked', 'corrected'))
);

CREATE TABLE listing_revisions (
    listing_id uuid NOT NULL,
    revision integer NOT NULL,
    push_id uuid NOT NULL,
    list_version bigint NOT NULL,
    operation text NOT NULL,
    recorded_at timestamptz NOT NULL,
    state jsonb NOT NULL,
    CONSTRAINT pk_listing_revisions PRIMARY KEY (listing_id, revision),
    CONSTRAINT fk_listing_revisions_listing_id FOREIGN KEY (listing_id) REFERENCES listings (listing_id),
    CONSTRAINT fk_listing_revisions_push_id FOREIGN KEY (push_id) REFERENCES pushes (push_id)
);

CREATE TABLE persons (
    person_id uuid NOT NULL,
    name text NOT NULL,
    blind_index bytea NOT NULL,
    index_key_id text NOT NULL,
    sealed_number bytea NOT NULL,
    cipher_key_id text NOT NULL,
    masked_number text NOT NULL,
    CONSTRAINT pk_persons PRIMARY KEY (person_id),
    CONSTRAINT uq_persons_blind_index_name UNIQUE (blind_index, name)
);

CREATE TABLE identity_keys (
    kind text NOT NULL,
    key_id text NOT NULL,
    check_value bytea NOT NULL,
    CONSTRAINT pk_identity_keys PRIMARY KEY (kind, key_id),
    CONSTRAINT ck_identity_keys_kind CHECK (kind IN ('index', 'cipher'))
);

CREATE TABLE index_keys_in_use (
    key_id text NOT NULL,
    since timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_index_keys_in_use PRIMARY KEY (key_id)
);

CREATE TABLE related_persons (
    listing_id uuid NOT NULL,
    person_id uuid NOT NULL,
    roles text[] NOT NULL,
    ban_until date,
    ban_for_life boolean DEFAULT false NOT NULL,
    CONSTRAINT pk_related_persons PRIMARY KEY (listing_id, person_id),
    CONSTRAINT fk_related_persons_listing_id FOREIGN KEY (listing_id) REFERENCES listings (listing_id),
    CONSTRAINT fk_related_persons_person_id FOREIGN KEY (person_id) REFERENCES persons (person_id),
    CONSTRAINT ck_related_persons_ban_either_way CHECK (NOT (ban_for_life AND ban_until IS NOT NULL)),
    CONSTRAINT ck_related_persons_some_role CHECK (cardinality(roles) > 0)
);
CREATE INDEX ix_related_persons_person_id ON related_persons (person_id);

CREATE TABLE changes (
    list_version bigint NOT NULL,
    change_no integer NOT NULL,
    listing_id uuid NOT NULL,
    revision integer NOT NULL,
    operation text NOT NULL,
    CONSTRAINT pk_changes PRIMARY KEY (list_version, change_no)
);

CREATE TABLE catalogues (
    catalogue_version text NOT NULL,
    source bytea NOT NULL,
    first_served_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_catalogues PRIMARY KEY (catalogue_version)
);

CREATE TABLE audit (
    lookup_id uuid NOT NULL,
    answered_at timestamptz NOT NULL,
    request_id text NOT NULL,
    client_id uuid NOT NULL,
    key_id text NOT NULL,
    department text NOT NULL,
    purpose text,
    reference text,
    subject_kind text NOT NULL,
    uscc text,
    blind_index bytea,
    index_key_id text,
    masked_number text,
    on_day date NOT NULL,
    view text NOT NULL,
    verdict text NOT NULL,
    list_version bigint NOT NULL,
    catalogue_version text NOT NULL,
    listing_ids uuid[] NOT NULL,
    revisions integer[] NOT NULL,
    person_ids uuid[] NOT NULL,
    CONSTRAINT pk_audit PRIMARY KEY (lookup_id, answered_at),
    CONSTRAINT ck_audit_verdict CHECK (verdict IN ('listed', 'not_listed')),
    CONSTRAINT ck_audit_unit_by_uscc CHECK ((subject_kind = 'unit') = (uscc IS NOT NULL)),
    CONSTRAINT ck_audit_person_by_blind_index CHECK ((subject_kind = 'person') = (blind_index IS NOT NULL)),
    CONSTRAINT ck_audit_person_with_purpose CHECK (subject_kind = 'unit' OR purpose IS NOT NULL)
) PARTITION BY RANGE (answered_at);
CREATE TABLE audit_default PARTITION OF audit DEFAULT
"""

# The service has no right to make tables; this one thing it may have made, at each start.
PARTITIONS = """
CREATE FUNCTION ensure_audit_partitions(months_ahead integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms' AS $$
DECLARE
    first_day timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('liancheng.audit_partitions'));
    FOR ahead IN 0..least(months_ahead, 120) LOOP
        first_day := date_trunc('month', now(), 'UTC') + make_interval(months => ahead);
        IF to_regclass('public.audit_' || to_char(first_day AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE public.%I PARTITION OF public.audit FOR VALUES FROM (%L) TO (%L)',
                    'audit_' || to_char(first_day AT TIME ZONE 'UTC', 'YYYY_MM'),
                    first_day, first_day + interval '1 month'
                );
            EXCEPTION WHEN check_violation THEN
                -- The default partition has records of that month already: they stay there, and are found there.
                RAISE WARNING 'audit partition for % left to the default partition', first_day;
                WHEN lock_not_available THEN
                -- Somebody reads the whole audit. To wait here would make every lookup wait behind us.
                RAISE WARNING 'audit partition for % could not be made now', first_day;
            END;
        END IF;
    END LOOP;
END $$
"""

# Revoking a key is for good, whoever asks.
REVOKED_FOR_GOOD = """
CREATE FUNCTION keep_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.revoked_at IS NOT NULL THEN
        RAISE EXCEPTION 'a revoked key stays revoked';
    END IF;
    RETURN NEW;
END $$
"""

# Nothing is ever deleted by the service, and what is history it can only add to.
RIGHTS = f"""
DO $$ BEGIN
    CREATE ROLE {SERVICE_ROLE} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- Roles belong to the server, not the database: another database of it has made it.
END $$;
DO $$ BEGIN
    -- Who migrates may also serve: an installation with one database user needs no more ado.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        GRANT {SERVICE_ROLE} TO CURRENT_USER;
    END IF;
EXCEPTION WHEN unique_violation THEN
    NULL;  -- Another database of this server was migrated at the same moment.
WHEN insufficient_privilege THEN
    RAISE WARNING 'not allowed to grant {SERVICE_ROLE}: give the service a login of its own';
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ensure_audit_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_audit_partitions(integer) TO {SERVICE_ROLE};
GRANT USAGE ON SCHEMA public TO {SERVICE_ROLE};
GRANT SELECT ON alembic_version TO {SERVICE_ROLE};
GRANT SELECT, INSERT ON
    clients, pushes, listing_revisions, related_persons, changes, catalogues, audit, identity_keys, index_keys_in_use
    TO {SERVICE_ROLE};
-- What is sealed is opened by the owner alone, when keys are rotated.
GRANT INSERT, SELECT (person_id, name, blind_index, index_key_id, masked_number) ON persons TO {SERVICE_ROLE};
GRANT SELECT, INSERT, UPDATE ON listings TO {SERVICE_ROLE};
GRANT SELECT, INSERT, UPDATE (expires_at, revoked_at) ON api_keys TO {SERVICE_ROLE};
GRANT SELECT, UPDATE (list_version) ON list_state TO {SERVICE_ROLE}
"""  # noqa: S608 - the name of the role is our own


def upgrade() -> None:
    """Apply it to an empty database."""
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    op.execute(PARTITIONS)
    op.execute(REVOKED_FOR_GOOD)
    op.execute("CREATE TRIGGER keep_revoked BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION keep_revoked()")
    *blocks, rights = RIGHTS.split("END $$;\n")
    for block in blocks:
        op.execute(block + "END $$")
    for statement in rights.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    """Take everything away; the role stays, for it may serve other databases of the same server."""
    op.execute("DROP FUNCTION ensure_audit_partitions(integer)")
    op.execute(
        "DROP TABLE audit, catalogues, changes, related_persons, persons, listing_revisions, listings, pushes, "
        "api_keys, clients, list_state, identity_keys, index_keys_in_use"
    )
    op.execute("DROP FUNCTION keep_revoked()")
