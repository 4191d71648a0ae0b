"""The names of administrative divisions (行政区划): data (``data/districts.yaml``), read with every problem's line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.yaml_reader import InvalidDataFile, Reader

_CODE = re.compile(r"[0-9]{6}")


class DistrictsError(InvalidDataFile):
    """The names cannot be used."""

    code = "districts_invalid"
    called = "行政区划文件"


@dataclass(frozen=True, slots=True)
class Districts:
    """Names by six-digit code, in the order of the file."""

    names: Mapping[str, str]


def parse_districts(source: bytes) -> Districts:
    """Read a file of divisions; raise :class:`DistrictsError` with every problem that could be found."""
    read = Reader()
    root = read.root(source)
    names: dict[str, str] = {}
    for item in read.items(read.fields(root, ("districts",)).get("districts") if root is not None else None):
        fields = read.fields(item, ("code", "name"))
        code, name = read.text(fields.get("code")), read.text(fields.get("name"))
        if "code" in fields and code and not _CODE.fullmatch(code):
            read.report(fields["code"], "wrong_code", "行政区划代码应为 6 位数字。")
        elif code in names:
            read.report(item, "duplicate_code", f"行政区划代码 {code} 写了两次。")
        names[code] = name
    if read.problems:
        raise DistrictsError(read.problems)
    return Districts(names)
