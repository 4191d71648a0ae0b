"""The statement that reads obligations: the rule of ``domain/grounds.py`` and ``domain/obligations.py`` in SQL."""

from sqlalchemy import text

# Days are the city's. `known`: when the ground became known, from the history (domain/obligations.py: known).
# `subject`: the unit and each person of a listing; `listed` and `banned`: the two grounds that there can be.
_STATEMENT = """
WITH duty AS (
    SELECT * FROM unnest(
        CAST(:duty_departments AS text[]), CAST(:duty_measures AS integer[]), CAST(:duty_yours AS text[]),
        CAST(:duty_on_unit AS boolean[]), CAST(:duty_on_persons AS boolean[]), CAST(:duty_outlives AS boolean[])
    ) AS duty (department, measure_no, yours, on_unit, on_persons, outlives)
),
period AS (
    SELECT * FROM unnest(
        CAST(:period_measures AS integer[]), CAST(:period_firsts AS date[]), CAST(:period_lasts AS date[]),
        CAST(:period_days AS integer[])
    ) AS period (measure_no, first, last, days)
),
chunk AS MATERIALIZED (
    SELECT listing_id, uscc, unit_name, decision_no, tier, listed_on, valid_until, removed_on, removal_reason,
        suspensions
    FROM listings
    WHERE listing_id >= :from_listing AND listing_id <= :to_listing
        AND (CAST(:uscc AS text) IS NULL OR uscc = :uscc)
),
history AS MATERIALIZED (
    SELECT listing_id, listing_revisions.list_version, operation, revision,
        CAST(committed_at AT TIME ZONE 'Asia/Shanghai' AS date) AS recorded_on
    FROM chunk JOIN listing_revisions USING (listing_id) JOIN pushes USING (push_id)
),
known AS (
    SELECT listing_id,
        max(recorded_on) FILTER (WHERE operation IN ('list', 'restore') AND recorded_on <= :on) AS known_on,
        max(list_version) FILTER (WHERE operation IN ('list', 'restore') AND recorded_on <= :on) AS version,
        max(list_version) FILTER (WHERE operation IN ('remove', 'correct', 'end_person')) AS ended_version,
        bool_or(operation IN ('add_person', 'correct', 'ban')) AS persons_changed,
        min(recorded_on) AS first_on, min(list_version) AS first_version
    FROM history GROUP BY listing_id
),
told_of_person AS (
    SELECT listing_id, CAST(person ->> 'person_id' AS uuid) AS person_id, history.list_version, history.recorded_on,
        person ->> 'ended_on' IS NULL AS there,
        coalesce(lag(person ->> 'ended_on' IS NULL) OVER in_order, false) AS was_there,
        CASE WHEN person ->> 'ban_until' IS NOT NULL OR CAST(person ->> 'ban_for_life' AS boolean)
            THEN concat_ws('/', coalesce(person ->> 'ban_since', ''), coalesce(person ->> 'ban_until', '')) END AS ban,
        lag(CASE WHEN person ->> 'ban_until' IS NOT NULL OR CAST(person ->> 'ban_for_life' AS boolean)
            THEN concat_ws('/', coalesce(person ->> 'ban_since', ''), coalesce(person ->> 'ban_until', '')) END)
            OVER in_order AS ban_before
    FROM known JOIN history USING (listing_id) JOIN listing_revisions USING (listing_id, revision)
        CROSS JOIN LATERAL jsonb_array_elements(state -> 'persons') AS person
    WHERE persons_changed
    WINDOW in_order AS (PARTITION BY listing_id, person ->> 'person_id' ORDER BY revision)
),
known_person AS (
    SELECT listing_id, person_id,
        max(recorded_on) FILTER (WHERE there AND NOT was_there AND recorded_on <= :on) AS known_on,
        max(list_version) FILTER (WHERE there AND NOT was_there AND recorded_on <= :on) AS version,
        max(recorded_on) FILTER (WHERE ban IS DISTINCT FROM ban_before AND ban IS NOT NULL AND recorded_on <= :on)
            AS ban_on,
        max(list_version) FILTER (WHERE ban IS DISTINCT FROM ban_before AND ban IS NOT NULL AND recorded_on <= :on)
            AS ban_version
    FROM told_of_person GROUP BY listing_id, person_id
),
subject AS (
    SELECT chunk.*, NULL::uuid AS person_id, NULL::date AS since, NULL::date AS ended_on, NULL::text AS end_reason,
        '{}'::datemultirange AS absences, NULL::date AS ban_since, NULL::date AS ban_until, false AS ban_for_life,
        NULL::text[] AS roles
    FROM chunk
    WHERE :units
    UNION ALL
    SELECT chunk.*, person_id, since, ended_on, end_reason, absences, ban_since, ban_until, ban_for_life, roles
    FROM chunk JOIN related_persons USING (listing_id)
    WHERE :persons
),
dated AS (
    SELECT subject.*,
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
        CASE WHEN valid_until < :on THEN valid_until + 1 END AS period_over,
        greatest(listed_on, ban_since) AS ban_first,
        CASE WHEN removal_reason IN ('revoked', 'corrected') AND removed_on <= :on THEN removed_on END AS void_over,
        CASE WHEN ban_until < :on THEN ban_until + 1 END AS ban_period_over,
        end_reason IS DISTINCT FROM 'corrected' AND (ban_for_life OR ban_until IS NOT NULL) AS has_ban
    FROM subject
),
ended AS (
    SELECT dated.*,
        least(removal_over, suspended_over, absence_over, person_over, period_over) AS over_on,
        least(void_over, ban_period_over) AS ban_over
    FROM dated
),
grounds AS (
    SELECT ended.*, first <= :on AS listed,
        CASE over_on WHEN removal_over THEN removal_reason WHEN suspended_over THEN 'repaired'
            WHEN absence_over THEN 'person_left'
            WHEN person_over THEN CASE end_reason WHEN 'corrected' THEN 'person_corrected' ELSE 'person_left' END
            WHEN period_over THEN 'expired' END AS over_reason,
        coalesce(has_ban AND ban_first <= :on AND (ban_over IS NULL OR ban_over > ban_first), false) AS banned,
        CASE ban_over WHEN void_over THEN removal_reason WHEN ban_period_over THEN 'ban_over' END AS ban_reason
    FROM ended
),
item AS (
    SELECT grounds.*, duty.department, duty.measure_no, duty.yours,
        outlives AND banned AS with_ban,
        CASE WHEN NOT listed THEN ban_first
            WHEN outlives AND banned AND over_on IS NOT NULL AND ban_over IS NULL AND ban_first > over_on
            THEN greatest(first, ban_first) ELSE first END AS ground_first,
        CASE WHEN NOT listed THEN ban_over WHEN NOT (outlives AND banned) OR over_on IS NULL THEN over_on
            WHEN ban_over IS NULL THEN NULL ELSE greatest(over_on, ban_over) END AS ground_over,
        CASE WHEN NOT listed OR (outlives AND banned AND ban_over > over_on) THEN ban_reason ELSE over_reason END
            AS ground_reason,
        outlives AND banned AND ban_over IS NULL AND (NOT listed OR over_on IS NOT NULL) AS by_ban
    FROM grounds JOIN duty ON CASE WHEN person_id IS NULL THEN on_unit ELSE on_persons END
    WHERE listed OR (outlives AND banned)
),
last_report AS (
    SELECT DISTINCT ON (obligation_id) enforcement_reports.*
    FROM chunk JOIN enforcement_reports USING (listing_id)
    WHERE acted_on <= :on AND department = ANY (CAST(:departments AS text[]))
    ORDER BY obligation_id, report_no DESC
),
placed AS (
    SELECT item.*,
        last_report.report_id, last_report.obligation_id, last_report.report_no, last_report.client_id,
        last_report.status, last_report.acted_on, last_report.reason, last_report.amount, last_report.document_no,
        last_report.remark, last_report.lookup_id, last_report.list_version, last_report.reported_at,
        greatest(
            known.known_on,
            CASE WHEN item.person_id IS NULL THEN NULL WHEN known_person.person_id IS NULL THEN known.first_on
                ELSE known_person.known_on END,
            CASE WHEN by_ban THEN known_person.ban_on END
        ) AS known_on,
        known.ended_version > greatest(
            known.version, known_person.version, CASE WHEN by_ban THEN known_person.ban_version END
        ) AS ended_later
    FROM item JOIN known USING (listing_id)
        LEFT JOIN known_person ON known_person.listing_id = item.listing_id AND known_person.person_id = item.person_id
        LEFT JOIN last_report ON last_report.listing_id = item.listing_id AND last_report.department = item.department
            AND last_report.measure_no = item.measure_no
            AND coalesce(last_report.person_id, :unit) = coalesce(item.person_id, :unit)
    WHERE known.known_on IS NOT NULL
        AND (item.person_id IS NULL OR known_person.person_id IS NULL OR known_person.known_on IS NOT NULL)
),
told AS (
    SELECT placed.*, greatest(ground_first, known_on) AS since_on,
        CASE WHEN ground_over IS NULL THEN CASE WHEN status IS NULL OR status = 'stopped' THEN 'open' ELSE status END
            WHEN status = 'not_applicable' THEN 'not_applicable'
            WHEN status = 'stopped' AND acted_on >= ground_over THEN 'lifted' ELSE 'to_lift' END AS item_state
    FROM placed
    WHERE ground_over IS NULL OR status IS NOT NULL OR ground_over > greatest(ground_first, known_on)
        OR (coalesce(ended_later, false) AND ground_reason <> 'expired')
),
due AS (
    SELECT told.*, since_on + least(days, DATE '9999-12-31' - since_on) AS due_on
    FROM told LEFT JOIN period ON period.measure_no = told.measure_no AND since_on >= period.first
        AND (period.last IS NULL OR since_on <= period.last)
),
shown AS (
    SELECT due.*, coalesce(due_on < :on AND item_state IN ('open', 'in_progress'), false) AS is_overdue FROM due
)
SELECT {columns}
FROM shown LEFT JOIN persons USING (person_id)
WHERE (CAST(:states AS text[]) IS NULL OR item_state = ANY (CAST(:states AS text[])))
    AND (CAST(:overdue AS boolean) IS NULL OR is_overdue = :overdue)
    AND (CAST(:due_before AS date) IS NULL OR due_on < :due_before)
    AND (CAST(:since_from AS date) IS NULL OR since_on >= :since_from)
    AND (CAST(:only_person AS uuid) IS NULL OR coalesce(person_id, :unit) = :only_person)
    AND (
        CAST(:past_listing AS uuid) IS NULL
        OR (listing_id, coalesce(person_id, :unit), measure_no, department COLLATE "C")
            > (
                :past_listing, CAST(:past_person AS uuid), CAST(:past_measure AS integer),
                CAST(:past_department AS text)
            )
    )
ORDER BY listing_id, coalesce(person_id, :unit), measure_no, department COLLATE "C"
LIMIT :limit
"""
_COLUMNS = """
    listing_id, uscc, unit_name, decision_no, tier, listed_on, valid_until, person_id, roles, department, measure_no,
    yours, item_state, since_on, due_on, is_overdue, ground_over, ground_reason, persons.name AS person_name,
    persons.masked_number, report_id, obligation_id, report_no, client_id, status, acted_on, reason, amount,
    document_no, remark, lookup_id, list_version, reported_at
"""
ITEMS = text(_STATEMENT.replace("{columns}", _COLUMNS))
