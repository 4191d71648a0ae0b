"""The days on which a kept state of a listing concerns somebody, as SQL: a multirange of days.

``Listing.concerns`` says the same in Python of one day, and a test holds the two together.
"""


def unit_days(state: str) -> str:
    """Return the expression of the days on which the unit is listed by ``state``, a JSONB expression."""
    return f"""(
        {_between(f"({state} ->> 'listed_on')::date", f"({state} ->> 'valid_until')::date")}
        - {_from(f"({state} ->> 'removed_on')::date")} - {_spans(f"{state} -> 'suspensions'")}
    )"""


def person_days(state: str, person: str) -> str:
    """Return the expression of the days on which ``person``, an element of the state's persons, is listed."""
    return f"""CASE WHEN {person} ->> 'end_reason' = 'corrected' THEN '{{}}'::datemultirange ELSE (
        {unit_days(state)} * {_from(f"coalesce(({person} ->> 'since')::date, '-infinity')")}
        - {_from(f"({person} ->> 'ended_on')::date")} - {_spans(f"{person} -> 'absences'")}
    ) END"""


def banned_days(state: str, person: str) -> str:
    """Return the expression of the days on which the person's position ban from the listing is in force."""
    ban_first = f"greatest(({state} ->> 'listed_on')::date, ({person} ->> 'ban_since')::date)"
    return f"""CASE WHEN {person} ->> 'end_reason' IS DISTINCT FROM 'corrected' AND (
        ({person} ->> 'ban_for_life')::boolean OR {person} ->> 'ban_until' IS NOT NULL
    ) THEN (
        {_between(ban_first, f"({person} ->> 'ban_until')::date")}
        - CASE WHEN {state} ->> 'removal_reason' IN ('revoked', 'corrected')
            THEN {_from(f"({state} ->> 'removed_on')::date")} ELSE '{{}}'::datemultirange END
    ) ELSE '{{}}'::datemultirange END"""


def _from(first: str) -> str:
    """Return all days from ``first`` on; none where it is null."""
    return f"datemultirange(daterange(coalesce({first}, 'infinity'), NULL))"


def _between(first: str, last: str) -> str:
    """Return the days from ``first`` to ``last``, to the end of time where it is null; none if they are crossed."""
    return f"({_from(first)} - {_from(f'{last} + 1')})"


def _spans(pairs: str) -> str:
    return f"""coalesce((
        SELECT range_agg(daterange((pair ->> 0)::date, (pair ->> 1)::date))
        FROM jsonb_array_elements({pairs}) AS pair
    ), '{{}}'::datemultirange)"""  # noqa: S608 - expressions of our own
