"""The statements of the effect summary: figures told apart by any of department, measure, district and month.

Most obligations are ones of which nobody reported anything, and those against one subject differ in nothing but in
whose they are and when they are due. So a subject is joined with *examples*, each of which stands for many duties, and
with the duties that something was reported of, each of which replaces what an example counted for it.
"""

from collections.abc import Collection

from sqlalchemy import TextClause, text

from app.domain.effect import Dimension, Grouping
from app.domain.obligations import ObligationState
from app.store.obligations_sql import INPUTS, shown

_COLUMNS = {
    Dimension.DEPARTMENT: "department",
    Dimension.MEASURE: "measure_no",
    Dimension.DISTRICT: "district",
    Dimension.MONTH: "month",
}
_TYPES = {Dimension.MEASURE: "integer"}
_UNION = "\nUNION ALL\n"
# Of the subject itself; the other two are of the duty.
_OF_SUBJECT = frozenset({Dimension.DISTRICT, Dimension.MONTH})

# The examples have no department. What was reported is found from the subject, by index.
_EXAMPLES_AND_REPORTED = """LATERAL (
    SELECT * FROM duty WHERE department = ''
    UNION ALL
    SELECT * FROM duty WHERE chunk.reported AND department <> '' AND (department, measure_no) IN (
        SELECT made.department, made.measure_no
        FROM enforcement_reports AS made
        WHERE made.listing_id = chunk.listing_id AND acted_on <= :on
            AND coalesce(made.person_id, :unit) = coalesce(subject.person_id, :unit)
    )
) AS duty"""
# The report that says whether it was carried out: the last one, but for those by which it was stopped after its end.
_ACT = """
    SELECT acted_on AS carried_on
    FROM (
        SELECT status, acted_on
        FROM enforcement_reports
        WHERE enforcement_reports.obligation_id = items.obligation_id AND acted_on <= :on
            AND (items.ground_over IS NULL OR status <> 'stopped' OR acted_on < items.ground_first)
        ORDER BY report_no DESC LIMIT 1
    ) AS last
    WHERE status = 'done'
"""
_HEAD = f"""
{INPUTS},
-- Which duties an item stands for, as bits: one for a duty, those of all its duties for an example.
places AS MATERIALIZED (
    SELECT department, measure_no, CAST(bits AS bit varying) AS bits FROM unnest(
        CAST(:place_departments AS text[]), CAST(:place_measures AS integer[]), CAST(:place_bits AS text[])
    ) AS places (department, measure_no, bits)
),
example_of AS MATERIALIZED (
    SELECT * FROM unnest(
        CAST(:examples AS integer[]), CAST(:example_departments AS text[]), CAST(:example_measures AS integer[])
    ) AS example_of (example, department, measure_no)
),
seen AS MATERIALIZED (
    SELECT items.department, items.measure_no, substr(uscc, 3, 6) AS district, since_on, uscc, items.person_id,
        blind_index, told, ground_over IS NULL AS held, item_state, is_overdue, since_on >= :from_day AS in_period,
        carried_on, coalesce(carried_on > due_on, false) AS late,
        coalesce(ground_over IS NULL AND due_on < :on, false) AS overdue_unreported
    FROM ({shown(_EXAMPLES_AND_REPORTED)}) AS items LEFT JOIN LATERAL ({_ACT}) AS act ON true
)
"""  # noqa: S608 - put together from the texts above
_COUNTED = """
counted AS MATERIALIZED (
    SELECT example_of.department, example_of.measure_no, district, to_char(since_on, 'YYYY-MM') AS month, in_period,
        item_state, coalesce(item_state = 'open' AND since_on + days < :on, false) AS is_overdue,
        false AS carried, false AS carried_in_period, false AS late, n
    FROM (
        SELECT measure_no AS example, district, since_on, in_period, item_state, count(*) AS n
        FROM seen WHERE department = '' GROUP BY 1, 2, 3, 4, 5
    ) AS unreported JOIN example_of USING (example)
        LEFT JOIN period ON period.measure_no = example_of.measure_no AND since_on >= period.first
            AND (period.last IS NULL OR since_on <= period.last)
    UNION ALL
    SELECT department, measure_no, district, to_char(since_on, 'YYYY-MM'), in_period, item_state, is_overdue,
        carried_on IS NOT NULL, coalesce(carried_on >= :from_day, false), late, 1
    FROM seen WHERE department <> ''
    UNION ALL
    SELECT department, measure_no, district, to_char(since_on, 'YYYY-MM'), in_period,
        CASE WHEN held THEN 'open' ELSE 'to_lift' END, overdue_unreported, false, false, false, -1
    FROM seen WHERE department <> '' AND told
),
acts AS MATERIALIZED (
    SELECT department, measure_no, district, to_char(since_on, 'YYYY-MM') AS month,
        greatest(carried_on - since_on, 0) AS days
    FROM seen WHERE carried_on IS NOT NULL AND in_period
)
"""
_COUNTS = ",\n        ".join(
    f"coalesce(sum(n) FILTER (WHERE {condition}), 0)"
    for condition in (
        *(f"in_period AND item_state = '{state.value}'" for state in ObligationState),
        "in_period AND is_overdue",
        "in_period AND carried",
        "in_period AND late",
        "NOT in_period AND carried_in_period",
        "NOT in_period AND item_state IN ('open', 'in_progress')",
        "NOT in_period AND is_overdue",
        "NOT in_period AND item_state = 'to_lift'",
    )
)


def figures(groupings: Collection[Grouping], duties: int) -> TextClause:
    """Return the statement of what there is to do: rows of a kind, a group, and numbers; ``duties``: how many.

    ``counts``: the states and what follows them in ``_COUNTS``; ``units`` and ``persons``: how many there are;
    ``days``: of how many acts the median is.
    """
    parts = [part for one in groupings for part in (_counts(one), _days(one), _subjects(one, duties))]
    return text(f"""
{_HEAD},
{_COUNTED},
-- Who is recorded under several keys at a time when they are exchanged, once by each name: the same for all of these.
linked AS (
    SELECT one.person_id AS person_id, encode(one.blind_index, 'hex') AS own, other.person_id AS other_id,
        encode(other.blind_index, 'hex') AS others
    FROM person_index_aliases AS alias JOIN persons AS one USING (person_id)
        JOIN persons AS other ON other.blind_index = alias.blind_index
),
identities AS MATERIALIZED (
    SELECT person_id, least(min(own), min(others)) AS identity
    FROM (
        SELECT person_id, own, others FROM linked UNION ALL SELECT other_id, others, own FROM linked
    ) AS both_ways
    GROUP BY person_id
),
members AS MATERIALIZED (
    SELECT kind, subject, district, month, bit_or(CAST(bits AS bit({duties}))) AS bits
    FROM (
        SELECT CASE WHEN person_id IS NULL THEN 'units' ELSE 'persons' END AS kind, district,
            to_char(since_on, 'YYYY-MM') AS month, department, measure_no,
            CASE WHEN person_id IS NULL THEN uscc
                ELSE coalesce(identity, encode(blind_index, 'hex'), CAST(person_id AS text)) END AS subject
        FROM seen LEFT JOIN identities USING (person_id)
        WHERE in_period
    ) AS subjects JOIN places USING (department, measure_no)
    GROUP BY kind, subject, district, month
)
{_UNION.join(parts)}
""")  # noqa: S608 - put together from the texts above and the names of columns


def checks(groupings: Collection[Grouping]) -> TextClause:
    """Return the statement of what was asked: how many lookups were answered, and how many found somebody listed."""
    parts = [_checks(one) for one in groupings]
    return text(f"""
WITH asked AS MATERIALIZED (
    SELECT department, coalesce(substr(uscc, 3, 6), '') AS district,
        to_char(answered_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, verdict
    FROM audit
    WHERE answered_at >= :since AND answered_at < :until AND verdict IN ('listed', 'not_listed')
        AND department = ANY (CAST(:departments AS text[]))
)
{_UNION.join(parts)}
""")  # noqa: S608 - put together from the names of columns


def _checks(grouping: Grouping) -> str:
    return f"""
SELECT {_key(grouping)}, count(*) AS checks, count(*) FILTER (WHERE verdict = 'listed') AS hits
FROM asked {_group_by(grouping)}
"""  # noqa: S608 - put together from the names of columns


def _counts(grouping: Grouping) -> str:
    return f"""
SELECT 'counts' AS kind, {_key(grouping)}, ARRAY[
        {_COUNTS}
    ] AS numbers, CAST(NULL AS double precision) AS median
FROM counted {_group_by(grouping)}
"""  # noqa: S608 - put together from the names of columns


def _days(grouping: Grouping) -> str:
    return f"""
SELECT 'days', {_key(grouping)}, ARRAY[count(*)], percentile_cont(0.5) WITHIN GROUP (ORDER BY days)
FROM acts {_group_by(grouping)}
"""  # noqa: S608 - put together from the names of columns


def _subjects(grouping: Grouping, duties: int) -> str:
    """Count subjects: of each, all that it is in is put together first; it is in a group if one of its duties is."""
    own = _columns(grouping & _OF_SUBJECT)
    others = _columns(grouping - _OF_SUBJECT)
    by_own = "".join(f", {name}" for name in own)
    return f"""
SELECT kind, {_key(grouping)}, ARRAY[sum(n)], NULL
FROM (
    SELECT kind, bits{by_own}, count(*) AS n
    FROM (
        SELECT kind, subject, bit_or(bits) AS bits{by_own} FROM members GROUP BY kind, subject{by_own}
    ) AS whole
    GROUP BY kind, bits{by_own}
) AS alike JOIN (
    SELECT {"".join(f"{name}, " for name in others)}bit_or(CAST(bits AS bit({duties}))) AS wanted
    FROM places WHERE department <> '' {_group_by(grouping - _OF_SUBJECT)}
) AS places ON position(B'1' IN (bits & wanted)) > 0
GROUP BY kind{"".join(f", {name}" for name in (*own, *others))}
"""  # noqa: S608 - put together from the names of columns


LISTED = text("""
    SELECT count(*) FILTER (WHERE made) AS listed, count(DISTINCT uscc) FILTER (WHERE made) AS units_listed,
        count(*) FILTER (WHERE held) AS in_force, count(DISTINCT uscc) FILTER (WHERE held) AS units_in_force
    FROM (
        SELECT uscc, listed_on BETWEEN :from_day AND :on AS made,
            listed_on <= :on AND valid_until >= :on AND coalesce(removed_on > :on, true)
                AND NOT suspensions @> CAST(:on AS date) AS held
        FROM listings
    ) AS days
""")


def name_of(grouping: Grouping) -> str:
    """Return what a grouping is called in the answers of these statements."""
    return ",".join(_columns(grouping))


def _columns(grouping: Grouping) -> list[str]:
    return [name for dimension, name in _COLUMNS.items() if dimension in grouping]


def _key(grouping: Grouping) -> str:
    """Say of which group a row is: each column of `Key`, those that do not tell groups apart as null."""
    columns = [
        name if dimension in grouping else f"CAST(NULL AS {_TYPES.get(dimension, 'text')}) AS {name}"
        for dimension, name in _COLUMNS.items()
    ]
    return ", ".join([f"'{name_of(grouping)}' AS grouping", *columns])


def _group_by(grouping: Grouping) -> str:
    return f"GROUP BY {', '.join(_columns(grouping))}" if grouping else ""
