-- The lookup as one would give it to PostGraphile: a function that records and answers is a mutation, and what belongs to
-- an answer are functions of its record, which a query asks for by name.
CREATE TABLE bench.lookups (
    lookup_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), answered_at timestamptz NOT NULL DEFAULT now(),
    client_id uuid NOT NULL, key_id text NOT NULL, department text NOT NULL, purpose text, code text NOT NULL,
    verdict text NOT NULL, list_version bigint NOT NULL, listing_ids uuid[] NOT NULL
);
CREATE FUNCTION bench.look_up(code text, purpose text) RETURNS bench.lookups LANGUAGE sql VOLATILE AS $$
    WITH caller AS (
        SELECT * FROM public.api_keys JOIN public.clients USING (client_id)
        WHERE key_id = current_setting('bench.key_id') AND revoked_at IS NULL
            AND secret_digest = decode(current_setting('bench.digest'), 'hex')
    ),
    found AS (
        SELECT coalesce(array_agg(listing_id), '{}') AS ids FROM public.listings
        WHERE uscc = look_up.code AND (now() AT TIME ZONE 'Asia/Shanghai')::date BETWEEN listed_on AND valid_until
            AND (removed_on IS NULL OR (now() AT TIME ZONE 'Asia/Shanghai')::date < removed_on)
    )
    INSERT INTO bench.lookups (client_id, key_id, department, purpose, code, verdict, list_version, listing_ids)
    SELECT client_id, key_id, department, look_up.purpose, look_up.code,
        CASE WHEN ids = '{}' THEN 'not_listed' ELSE 'listed' END, list_version, ids
    FROM caller, found, public.list_state
    RETURNING *
$$;
CREATE VIEW bench.listings AS
    SELECT listing_id, revision, unit_name, uscc, former_names, decision_no, decided_by, conduct, conduct_code, tier, facts,
        basis, listed_on, valid_until
    FROM public.listings;
CREATE FUNCTION bench.lookups_listings(answer bench.lookups) RETURNS SETOF bench.listings LANGUAGE sql STABLE AS $$
    SELECT * FROM bench.listings WHERE listing_id = ANY (answer.listing_ids)
$$;
CREATE FUNCTION bench.lookups_measures(answer bench.lookups) RETURNS SETOF bench.measures LANGUAGE sql STABLE AS $$
    SELECT * FROM bench.measures WHERE answer.verdict = 'listed' ORDER BY no
$$;
