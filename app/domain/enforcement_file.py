"""From the file of enforcement periods to the periods, or to every problem that the file has, each with its line."""

import hashlib
from datetime import date

from app.domain.enforcement_periods import EnforcementPeriod, EnforcementPeriods
from app.domain.yaml_reader import Fields, InvalidDataFile, Place, Reader

_DATES = ("in_force_from", "in_force_until")


class EnforcementPeriodsError(InvalidDataFile):
    """The periods cannot be used."""

    code = "enforcement_periods_invalid"
    called = "落实期限文件"


def parse_enforcement_periods(source: bytes) -> EnforcementPeriods:
    """Read a file of periods; raise :class:`EnforcementPeriodsError` with every problem that could be found."""
    reader = Reader()
    root = reader.root(source)
    periods = () if root is None else _periods(reader, root)
    if reader.problems:
        raise EnforcementPeriodsError(reader.problems)
    return EnforcementPeriods(f"sha256:{hashlib.sha256(source).hexdigest()}", periods)


def _periods(read: Reader, root: Place) -> tuple[EnforcementPeriod, ...]:
    parts = read.fields(root, ("default", "measures"))
    found: list[tuple[EnforcementPeriod, Place]] = []
    for name in parts:
        required = ("days", *_DATES) if name == "default" else ("no", "days", *_DATES)
        for item in read.items(parts[name]):
            before = len(read.problems)
            fields = read.fields(item, required, ("note",))
            period = _period(read, fields)
            if len(read.problems) == before:
                _beside_earlier(read, period, item, found)
                found.append((period, item))
    if "default" in parts and not read.problems and all(one.measure_no is not None for one, _ in found):
        read.report(parts["default"], "empty_list", "至少要有一项。")
    return tuple(one for one, _ in found)


def _period(read: Reader, fields: Fields) -> EnforcementPeriod:
    since, until = read.day(fields.get("in_force_from")), read.day(fields.get("in_force_until"))
    if "in_force_from" in fields and read.is_null(fields["in_force_from"]):
        read.report(fields["in_force_from"], "missing_date", "必须写明施行之日。")
    if since is not None and until is not None and until < since:
        read.report(fields["in_force_until"], "date_order", "最后有效之日早于施行之日。")
    return EnforcementPeriod(
        measure_no=read.number(fields["no"]) if "no" in fields else None,
        days=read.number(fields.get("days")),
        in_force_from=since or date.max,
        in_force_until=until,
        note=read.optional_text(fields.get("note")),
    )


def _beside_earlier(
    read: Reader, period: EnforcementPeriod, place: Place, earlier: list[tuple[EnforcementPeriod, Place]]
) -> None:
    for other, other_place in earlier:
        if other.measure_no == period.measure_no and (
            period.in_force_from <= (other.in_force_until or date.max)
            and other.in_force_from <= (period.in_force_until or date.max)
        ):
            told = f"与第 {other_place.line} 行的施行期间重叠；旧条目应写 in_force_until。"
            read.report(place, "overlapping", told)
