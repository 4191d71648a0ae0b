"""The statement that reads obligations: the rule of ``domain/grounds.py`` and ``domain/obligations.py`` in SQL."""

from sqlalchemy import text

# Days are the city's. From each listing the statement goes on to what belongs to it, by index and never by joining one
# set with another: how large those are a planner cannot know, and it guessed so badly that a page took a minute.
#   known          when the listing was recorded and last restored, and whether an end was recorded after that
#   subject        the unit, and each person of the listing
#   known_person   when a person was recorded, or came back, or was banned: only where the history speaks of such things
#   listed, ban    the two grounds that there can be: whether there was one, from when to when, why it ended
#   ground         the two as one, for each measure that reaches the subject
#   report         the last report of acts up to the day
# OFFSET 0 keeps the planner from writing a part into the one around it, once for every time it is named there.
_CHUNK = """
    SELECT listing_id, uscc, unit_name, decision_no, tier, listed_on, valid_until, removed_on, removal_reason,
        suspensions,
        EXISTS (SELECT FROM enforcement_reports WHERE enforcement_reports.listing_id = listings.listing_id) AS reported
    FROM listings
    WHERE listing_id >= :from_listing AND listing_id <= :to_listing AND (CAST(:uscc AS text) IS NULL OR uscc = :uscc)
        -- Where only what was reported, or what has ended, is asked for, most listings need no further look.
        AND (NOT :only_reported OR EXISTS (
            SELECT FROM enforcement_reports
            WHERE enforcement_reports.listing_id = listings.listing_id
                AND department = ANY (CAST(:duty_departments AS text[]))
        ))
        AND (
            CAST(:ended AS boolean) IS DISTINCT FROM true OR removed_on <= :on OR valid_until < :on
            OR NOT isempty(suspensions) OR EXISTS (
                SELECT FROM related_persons
                WHERE related_persons.listing_id = listings.listing_id
                    AND (ended_on IS NOT NULL OR NOT isempty(absences))
            )
        )
"""
_KNOWN = """
    SELECT max(recorded_on) FILTER (WHERE begins AND recorded_on <= :on) AS known_on,
        max(list_version) FILTER (WHERE begins AND recorded_on <= :on) AS version,
        max(list_version) FILTER (WHERE operation IN ('remove', 'correct', 'end_person')) AS ended_version,
        bool_or(operation IN ('add_person', 'correct', 'ban')) AS persons_changed,
        min(recorded_on) AS first_on
    FROM (
        SELECT listing_revisions.list_version, operation, operation IN ('list', 'restore') AS begins,
            CAST(committed_at AT TIME ZONE 'Asia/Shanghai' AS date) AS recorded_on
        FROM listing_revisions JOIN pushes USING (push_id)
        WHERE listing_revisions.listing_id = chunk.listing_id
    ) AS history
"""
_SUBJECT = """
    SELECT NULL::uuid AS person_id, NULL::text[] AS roles, NULL::text AS name, NULL::text AS masked_number,
        NULL::date AS since, NULL::date AS ended_on, NULL::text AS end_reason, '{}'::datemultirange AS absences,
        NULL::date AS ban_since, NULL::date AS ban_until, false AS ban_for_life, NULL::bytea AS blind_index
    WHERE :units
    UNION ALL
    SELECT person_id, roles, name, masked_number, since, ended_on, end_reason, absences, ban_since, ban_until,
        ban_for_life, blind_index
    FROM related_persons JOIN persons USING (person_id)
    WHERE related_persons.listing_id = chunk.listing_id AND :persons
"""
_KNOWN_PERSON = """
    SELECT count(*) > 0 AS spoken_of,
        max(recorded_on) FILTER (WHERE came) AS known_on, max(list_version) FILTER (WHERE came) AS version,
        max(recorded_on) FILTER (WHERE banned) AS ban_on, max(list_version) FILTER (WHERE banned) AS ban_version
    FROM (
        SELECT list_version, recorded_on,
            recorded_on <= :on AND there AND NOT coalesce(lag(there) OVER in_order, false) AS came,
            recorded_on <= :on AND ban IS NOT NULL AND ban IS DISTINCT FROM lag(ban) OVER in_order AS banned
        FROM (
            SELECT listing_revisions.list_version, listing_revisions.revision,
                CAST(committed_at AT TIME ZONE 'Asia/Shanghai' AS date) AS recorded_on,
                person ->> 'ended_on' IS NULL AS there,
                -- No row: one with a null in it, as a ban for life has, is not "not null".
                CASE WHEN person ->> 'ban_until' IS NOT NULL OR CAST(person ->> 'ban_for_life' AS boolean)
                    THEN jsonb_build_array(person -> 'ban_since', person -> 'ban_until') END AS ban
            FROM listing_revisions JOIN pushes USING (push_id)
                CROSS JOIN LATERAL jsonb_array_elements(state -> 'persons') AS person
            WHERE known.persons_changed AND listing_revisions.listing_id = chunk.listing_id
                AND person ->> 'person_id' = CAST(subject.person_id AS text)
        ) AS told
        WINDOW in_order AS (ORDER BY revision)
    ) AS turns
"""
_LISTED = """
    SELECT first <= :on AS held, first, over_on,
        CASE over_on WHEN removal_over THEN removal_reason WHEN suspended_over THEN 'repaired'
            WHEN absence_over THEN 'person_left'
            WHEN person_over THEN CASE end_reason WHEN 'corrected' THEN 'person_corrected' ELSE 'person_left' END
            WHEN period_over THEN 'expired' END AS reason
    FROM (
        SELECT *, least(removal_over, suspended_over, absence_over, person_over, period_over) AS over_on
        FROM (
            SELECT
                greatest(
                    listed_on, since,
                    (SELECT max(upper(span)) FROM unnest(suspensions) AS span WHERE upper(span) <= :on),
                    (SELECT max(upper(span)) FROM unnest(absences) AS span WHERE upper(span) <= :on)
                ) AS first,
                CASE WHEN removed_on <= :on THEN removed_on END AS removal_over,
                (SELECT lower(span) FROM unnest(suspensions) AS span WHERE span @> CAST(:on AS date)) AS suspended_over,
                (SELECT lower(span) FROM unnest(absences) AS span WHERE span @> CAST(:on AS date)) AS absence_over,
                CASE WHEN end_reason = 'corrected' THEN least(ended_on, CAST(:on AS date))
                    WHEN ended_on <= :on THEN ended_on END AS person_over,
                CASE WHEN valid_until < :on THEN valid_until + 1 END AS period_over
            OFFSET 0
        ) AS days
        OFFSET 0
    ) AS bounds
    OFFSET 0
"""
_BAN = """
    SELECT coalesce(
            (ban_for_life OR ban_until IS NOT NULL) AND end_reason IS DISTINCT FROM 'corrected' AND first <= :on
            AND (over_on IS NULL OR over_on > first), false
        ) AS held,
        first, over_on, CASE over_on WHEN void_over THEN removal_reason ELSE 'ban_over' END AS reason
    FROM (
        SELECT *, least(void_over, ban_period_over) AS over_on
        FROM (
            SELECT greatest(listed_on, ban_since) AS first,
                CASE WHEN removal_reason IN ('revoked', 'corrected') AND removed_on <= :on THEN removed_on END
                    AS void_over,
                CASE WHEN ban_until < :on THEN ban_until + 1 END AS ban_period_over
            OFFSET 0
        ) AS days
        OFFSET 0
    ) AS bounds
    OFFSET 0
"""
_GROUND = """
    SELECT
        CASE WHEN NOT listed.held THEN ban.first
            WHEN kept AND ban.over_on IS NULL AND ban.first > listed.over_on THEN greatest(listed.first, ban.first)
            ELSE listed.first END AS first,
        CASE WHEN NOT listed.held THEN ban.over_on WHEN NOT kept THEN listed.over_on
            WHEN ban.over_on IS NULL THEN NULL ELSE greatest(listed.over_on, ban.over_on) END AS over_on,
        CASE WHEN NOT listed.held OR (kept AND ban.over_on > listed.over_on) THEN ban.reason ELSE listed.reason END
            AS reason,
        ban.over_on IS NULL AND (NOT listed.held OR kept) AS by_ban
    FROM (SELECT outlives AND ban.held AND listed.over_on IS NOT NULL AS kept) AS both_ended
    OFFSET 0
"""
_REPORT = """
    SELECT enforcement_reports.*
    FROM enforcement_reports
    WHERE reported AND enforcement_reports.listing_id = chunk.listing_id
        AND enforcement_reports.department = duty.department AND enforcement_reports.measure_no = duty.measure_no
        AND coalesce(enforcement_reports.person_id, :unit) = coalesce(subject.person_id, :unit) AND acted_on <= :on
    ORDER BY report_no DESC LIMIT 1
"""
# Whether there is an obligation even where nobody reported anything.
_TOLD = """
    ground.over_on IS NULL OR ground.over_on > since_on OR (coalesce(ended_later, false) AND ground.reason <> 'expired')
"""
# Stands for what each subject is joined with: `duty`, or less of it (app/store/effect_sql.py).
_DUTIES = "<duties>"
_ITEMS = f"""
    SELECT chunk.listing_id, uscc, unit_name, decision_no, tier, listed_on, valid_until, subject.person_id, roles,
        subject.name AS person_name, masked_number, duty.department, duty.measure_no, yours,
        ground.over_on AS ground_over, ground.reason AS ground_reason,
        report_id, obligation_id, report_no, client_id, status, acted_on, report.reason, amount, document_no, remark,
        lookup_id, list_version, reported_at, since_on, ground.first AS ground_first, blind_index, {_TOLD} AS told,
        CASE WHEN ground.over_on IS NULL
            THEN CASE WHEN status IS NULL OR status = 'stopped' THEN 'open' ELSE status END
            WHEN status = 'not_applicable' THEN 'not_applicable'
            WHEN status = 'stopped' AND acted_on >= ground.over_on THEN 'lifted' ELSE 'to_lift' END AS item_state
    FROM chunk
        CROSS JOIN LATERAL ({_KNOWN}) AS known
        CROSS JOIN LATERAL ({_SUBJECT}) AS subject
        CROSS JOIN LATERAL ({_KNOWN_PERSON}) AS known_person
        CROSS JOIN LATERAL ({_LISTED}) AS listed
        CROSS JOIN LATERAL ({_BAN}) AS ban
        JOIN {_DUTIES} ON CASE WHEN subject.person_id IS NULL THEN on_unit ELSE on_persons END
            AND (listed.held OR (outlives AND ban.held))
        CROSS JOIN LATERAL ({_GROUND}) AS ground
        CROSS JOIN LATERAL (
            SELECT greatest(
                    ground.first, known.known_on,
                    CASE WHEN subject.person_id IS NULL THEN NULL WHEN spoken_of THEN known_person.known_on
                        ELSE first_on END,
                    CASE WHEN by_ban THEN ban_on END
                ) AS since_on,
                ended_version > greatest(known.version, known_person.version, CASE WHEN by_ban THEN ban_version END)
                    AS ended_later
            OFFSET 0
        ) AS since
        LEFT JOIN LATERAL ({_REPORT}) AS report ON true
    WHERE known.known_on IS NOT NULL AND NOT (spoken_of AND known_person.known_on IS NULL)
        AND (CAST(:ended AS boolean) IS NULL OR (ground.over_on IS NOT NULL) = :ended)
        AND (CAST(:only_person AS uuid) IS NULL OR coalesce(subject.person_id, :unit) = :only_person)
        AND (status IS NOT NULL OR {_TOLD})
    OFFSET 0
"""  # noqa: S608 - put together from the texts above
INPUTS = f"""
WITH duty AS MATERIALIZED (
    SELECT * FROM unnest(
        CAST(:duty_departments AS text[]), CAST(:duty_measures AS integer[]), CAST(:duty_yours AS text[]),
        CAST(:duty_on_unit AS boolean[]), CAST(:duty_on_persons AS boolean[]), CAST(:duty_outlives AS boolean[])
    ) AS duty (department, measure_no, yours, on_unit, on_persons, outlives)
),
period AS MATERIALIZED (
    SELECT * FROM unnest(
        CAST(:period_measures AS integer[]), CAST(:period_firsts AS date[]), CAST(:period_lasts AS date[]),
        CAST(:period_days AS integer[])
    ) AS period (measure_no, first, last, days)
),
chunk AS MATERIALIZED ({_CHUNK})
"""  # noqa: S608 - put together from the texts above
_SHOWN = f"""
    SELECT items.*, due_on, coalesce(due_on < :on AND item_state IN ('open', 'in_progress'), false) AS is_overdue
    FROM ({_ITEMS}) AS items LEFT JOIN LATERAL (
        SELECT since_on + least(days, DATE '9999-12-31' - since_on) AS due_on
        FROM period
        WHERE period.measure_no = items.measure_no AND since_on >= period.first
            AND (period.last IS NULL OR since_on <= period.last)
        LIMIT 1
    ) AS due ON true
"""  # noqa: S608 - put together from the texts above


def shown(duties: str = "duty") -> str:
    """Return the query of every obligation with its state, below `INPUTS`; ``duties``: joined with each subject."""
    return _SHOWN.replace(_DUTIES, duties)


ITEMS = text(f"""
{INPUTS}
SELECT * FROM ({shown()}) AS shown
WHERE (CAST(:states AS text[]) IS NULL OR item_state = ANY (CAST(:states AS text[])))
    AND (CAST(:overdue AS boolean) IS NULL OR is_overdue = :overdue)
    AND (CAST(:due_before AS date) IS NULL OR due_on < :due_before)
    AND (CAST(:since_from AS date) IS NULL OR since_on >= :since_from)
    AND (
        CAST(:past_listing AS uuid) IS NULL
        OR (listing_id, coalesce(person_id, :unit), measure_no, department COLLATE "C") > (
            :past_listing, CAST(:past_person AS uuid), CAST(:past_measure AS integer), CAST(:past_department AS text)
        )
    )
ORDER BY listing_id, coalesce(person_id, :unit), measure_no, department COLLATE "C"
LIMIT :limit
""")  # noqa: S608 - put together from the texts above
