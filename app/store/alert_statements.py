"""The statement that alerts come from: the audit, the history and the reports joined as they are, nothing copied.

It goes through the changes of the list in their order, so many at a time. Clocks decide nothing but how long ago a
lookup may have been: what a lookup knew is the version that its record names.
"""

from app.store.listed_days import banned_days, person_days, unit_days

NEWEST_SHOWN = 20
"""So many lookups or reports of one alert are told; all of them are counted."""
_CAST_SEEN = "CAST(CAST(:seen AS text) AS pg_snapshot)"

# What a listing was when a version was complete; what one push did in between, nobody was ever told.
_CHANGED = """
changed AS MATERIALIZED (
    SELECT listing_id, revision, list_version, change_no, state, committed_at
    FROM listing_revisions JOIN pushes USING (list_version)
    WHERE (list_version, change_no) >= (CAST(:past_version AS bigint), CAST(:past_change AS integer))
        AND list_version >= CASE WHEN CAST(:committed_from AS timestamptz) IS NULL THEN 0 ELSE coalesce(
            (SELECT min(list_version) FROM pushes WHERE committed_at >= :committed_from), 9223372036854775807
        ) END
        AND (CAST(:listing AS uuid) IS NULL OR listing_id = :listing)
    ORDER BY list_version, change_no
    LIMIT :scanned
),
made AS (
    SELECT changed.*, earlier.state AS before
    FROM changed LEFT JOIN LATERAL (
        SELECT state FROM listing_revisions AS r
        WHERE r.listing_id = changed.listing_id AND r.list_version < changed.list_version
        ORDER BY r.revision DESC LIMIT 1
    ) AS earlier ON true
    WHERE NOT EXISTS (
        SELECT FROM listing_revisions AS r
        WHERE r.listing_id = changed.listing_id AND r.revision > changed.revision
            AND r.list_version = changed.list_version
    )
)"""

# Whom each change concerns, and on which days before it and after it; a number recorded under two names is one person.
_SUBJECTS = f"""
span AS (
    SELECT listing_id, list_version, change_no, s.state ->> 'uscc' AS uscc, NULL::bytea AS blind_index,
        NULL::uuid AS person_id, s.is_after, unnest({unit_days("s.state")}) AS days
    FROM made CROSS JOIN LATERAL (VALUES (state, true), (before, false)) AS s (state, is_after)
    WHERE s.state IS NOT NULL
    UNION ALL
    SELECT listing_id, list_version, change_no, NULL, persons.blind_index, persons.person_id, s.is_after,
        unnest({person_days("s.state", "p")} + {banned_days("s.state", "p")})
    FROM made CROSS JOIN LATERAL (VALUES (state, true), (before, false)) AS s (state, is_after)
        CROSS JOIN LATERAL jsonb_array_elements(s.state -> 'persons') AS p
        JOIN persons ON persons.person_id = (p ->> 'person_id')::uuid
    WHERE persons.blind_index IS NOT NULL
),
subject AS (
    SELECT listing_id, list_version, change_no, uscc, blind_index,
        (array_agg(person_id ORDER BY person_id) FILTER (WHERE is_after))[1] AS person_id,
        array_agg(person_id) AS person_ids,
        coalesce(range_agg(days) FILTER (WHERE is_after), '{{}}') AS days,
        coalesce(range_agg(days) FILTER (WHERE NOT is_after), '{{}}') AS days_before
    FROM span GROUP BY listing_id, list_version, change_no, uscc, blind_index
),
gaining AS (
    SELECT subject.*, committed_at, ARRAY[blind_index] || ARRAY(
        SELECT a.blind_index FROM person_index_aliases AS a WHERE a.person_id = ANY (person_ids)
    ) AS indexes
    FROM subject JOIN made USING (listing_id, list_version, change_no)
    WHERE NOT days <@ days_before
)"""  # noqa: S608 - expressions of our own


def _cleared(of_subject: str) -> str:
    """Return the lookups that a change gaining days belies, for units or for persons: each has an index of its own.

    It does so where it adds the very day that was asked about, or where nothing was known for that day or any after it
    and now something is. Who asked what was known at an earlier moment had set aside, by that, what came after it.
    """
    return f"""
    SELECT gaining.listing_id, gaining.list_version, gaining.change_no, gaining.person_id, lookups.*
    FROM gaining CROSS JOIN LATERAL (
        SELECT count(*)::integer AS entries,
            bool_or(
                NOT pg_visible_in_snapshot(recorded_in::text::xid8, {_CAST_SEEN})
            ) AS late,
            (array_agg(jsonb_build_object(
                'lookup_id', lookup_id, 'answered_at', answered_at, 'client', clients.name, 'purpose', purpose,
                'reference', reference, 'on', on_day, 'known_at', known_at, 'list_version', a.list_version,
                'listed_on_that_day', days @> on_day
            ) ORDER BY lookup_id DESC))[1:{NEWEST_SHOWN}] AS entry
        FROM audit AS a JOIN clients USING (client_id)
        WHERE {of_subject} AND a.department = :department AND verdict = 'not_listed'
            AND a.list_version < gaining.list_version
            AND answered_at >= committed_at - CAST(:window AS interval) AND answered_at < now() + interval '1 day'
            AND (known_at IS NULL OR committed_at > answered_at OR committed_at <= known_at)
            AND (
                (days - days_before) @> on_day
                OR days && daterange(on_day, NULL) AND NOT days_before && daterange(on_day, NULL)
            )
    ) AS lookups
    WHERE entries > 0"""  # noqa: S608 - expressions of our own


_LISTED = f"""
cleared AS (
    {_cleared("gaining.uscc IS NOT NULL AND a.uscc = gaining.uscc")}
    UNION ALL
    {_cleared("gaining.uscc IS NULL AND a.blind_index = ANY (indexes)")}
)"""

# Of each measure that the department reported on, its last word, and each state that the listing has had. A report's
# transaction is the one that its row names (xmin, without its upper half): reports are written in no savepoint.
_ACTED = f"""
report AS (
    SELECT DISTINCT ON (obligation_id) report_id, listing_id, person_id, measure_no, status, acted_on, reported_at,
        list_version AS judged_by,
        newest - ((newest - enforcement_reports.xmin::text::bigint) & 4294967295) AS written_in
    FROM enforcement_reports
        CROSS JOIN (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS newest) AS counter
    WHERE department = :department AND (CAST(:listing AS uuid) IS NULL OR listing_id = :listing)
    ORDER BY obligation_id, report_no DESC
),
lived AS (
    SELECT report.*, r.list_version, r.change_no,
        (committed_at AT TIME ZONE 'Asia/Shanghai')::date AS changed_on,
        CASE WHEN person_id IS NULL THEN {unit_days("r.state")} ELSE (
            SELECT {person_days("r.state", "p")} + CASE WHEN measure_no = ANY (CAST(:ban_measures AS integer[]))
                THEN {banned_days("r.state", "p")} ELSE '{{}}'::datemultirange END
            FROM jsonb_array_elements(r.state -> 'persons') AS p WHERE (p ->> 'person_id')::uuid = person_id
        ) END AS days
    FROM report JOIN listing_revisions AS r USING (listing_id) JOIN pushes ON pushes.list_version = r.list_version
    WHERE status <> 'not_applicable' AND NOT EXISTS (
        SELECT FROM listing_revisions AS n
        WHERE n.listing_id = r.listing_id AND n.revision > r.revision AND n.list_version = r.list_version
    )
),
followed AS (
    SELECT lived.*, lag(days) OVER w AS days_before,
        coalesce(lead(changed_on) OVER w, CAST(:today AS date)) AS until
    FROM lived WINDOW w AS (PARTITION BY report_id ORDER BY list_version)
),
event AS (
    SELECT followed.*, 'acted_then_returned' AS kind, NULL::date AS by_itself, changed_on AS event_day
    FROM followed WHERE NOT days_before @> changed_on AND days @> changed_on
    UNION ALL
    SELECT followed.*, 'acted_then_ended', NULL,
        coalesce((SELECT max(upper(d)) FROM unnest(days) AS d WHERE upper(d) <= changed_on), changed_on)
    FROM followed WHERE status <> 'stopped' AND days_before @> changed_on AND NOT days @> changed_on
    UNION ALL
    SELECT followed.*, 'acted_then_ended', (SELECT upper(d) FROM unnest(days) AS d WHERE d @> changed_on),
        (SELECT upper(d) FROM unnest(days) AS d WHERE d @> changed_on)
    FROM followed WHERE status <> 'stopped' AND days @> changed_on AND NOT days @> until
),
acted AS (
    SELECT listing_id, list_version, change_no, person_id, kind, by_itself, min(event_day) AS event_day,
        count(*)::integer AS entries,
        coalesce(by_itself > CAST(:seen_on AS date), false)
            OR bool_or(NOT pg_visible_in_snapshot(written_in::text::xid8, {_CAST_SEEN})) AS late,
        (array_agg(jsonb_build_object(
            'report_id', report_id, 'measure_no', measure_no, 'status', status, 'acted_on', acted_on,
            'reported_at', reported_at
        ) ORDER BY measure_no))[1:{NEWEST_SHOWN}] AS entry
    FROM event WHERE judged_by < list_version OR acted_on < event_day
    GROUP BY listing_id, list_version, change_no, person_id, kind, by_itself
)"""  # noqa: S608 - expressions of our own

# A cursor has seen what was in an earlier version, unless something of it came to light since.
PAGE = f"""
WITH {_CHANGED}, {_SUBJECTS}, {_LISTED}, {_ACTED},
scan AS (
    SELECT count(*) AS scanned,
        (SELECT (list_version, change_no) FROM changed ORDER BY list_version DESC, change_no DESC LIMIT 1) AS last
    FROM changed
),
alert AS (
    SELECT 'cleared_then_listed' AS kind, listing_id, list_version, change_no, person_id, NULL::date AS by_itself,
        NULL::date AS event_day, entries, late, entry
    FROM cleared
    UNION ALL
    SELECT kind, listing_id, list_version, change_no, person_id, by_itself, event_day, entries, late, entry FROM acted
),
named AS (
    SELECT alert.*, concat_ws('.', kind, listing_id, list_version, coalesce(person_id::text, 'unit'),
        to_char(by_itself, 'YYYY-MM-DD')) COLLATE "C" AS alert_id,
        coalesce(by_itself::timestamp AT TIME ZONE 'Asia/Shanghai', committed_at) AS happened_at
    FROM alert JOIN pushes USING (list_version)
)
SELECT named.*, ack.acknowledged_at, ack.note, ack_client.name AS acknowledged_by, scan.scanned,
    (SELECT list_version FROM changed ORDER BY list_version DESC, change_no DESC LIMIT 1) AS scanned_version,
    (SELECT change_no FROM changed ORDER BY list_version DESC, change_no DESC LIMIT 1) AS scanned_change
FROM scan LEFT JOIN (
    named LEFT JOIN LATERAL (
        SELECT acknowledged_at, note, client_id FROM alert_acknowledgements AS k
        WHERE k.department = :department AND k.alert_id = named.alert_id AND k.entries >= named.entries
        ORDER BY k.entries LIMIT 1
    ) AS ack ON true LEFT JOIN clients AS ack_client ON ack_client.client_id = ack.client_id
) ON (list_version, change_no, alert_id) > (CAST(:past_version AS bigint), CAST(:past_change AS integer), :past_id)
    AND (scanned < :scanned OR (list_version, change_no) <= last)
    AND (CAST(:alert_id AS text) IS NULL OR alert_id = :alert_id)
    AND (CAST(:kind AS text) IS NULL OR kind = :kind)
    AND (CAST(:acknowledged AS boolean) IS NULL OR (acknowledged_at IS NOT NULL) = :acknowledged)
    AND (CAST(:since AS timestamptz) IS NULL OR happened_at >= :since)
    AND (CAST(:seen_version AS bigint) IS NULL OR list_version > :seen_version OR late)
ORDER BY list_version, change_no, alert_id
LIMIT :most
"""  # noqa: S608 - expressions of our own
