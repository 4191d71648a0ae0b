"""The zip archive that an XLSX file is: refusing what is not one or would not fit, and finding the parts we read.

What describes the workbook is read here, leniently: openpyxl reads all of it, and takes no workbook in which anything
is wrong, were it the shade of a border. The cells are openpyxl's to read, in `xlsx_sheet`.
"""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, BinaryIO, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from app.files.row_types import unreadable
from app.files.xlsx_elements import Damaged

MOST_INFLATED_BYTES = 4 * 1024**3
MOST_PART_BYTES = 16 * 1024**2
"""For the parts that are read as a whole: those that describe the workbook."""
_MOST_RATIO = 200
_RATIO_MATTERS_FROM = 10 * 1024**2
_MOST_DIRECTORY_BYTES = 4 * 1024**2
_END_RECORD: Final = b"PK\x05\x06"
_LONGEST_END = 65_557
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_OLE_CHUNK = 1024 * 1024
_WORKBOOK: Final = "officeDocument"
TRUE: Final = frozenset({"1", "true", "on"})
"""How the format writes that something is so."""
_BUILT_IN_DATES: Final = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])

_NOT_XLSX = "这不是 XLSX 文件，或文件已损坏：请在 Excel 或 WPS 中打开它，另存为 .xlsx 后再推送。"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name, its part in the archive, and whether its tab is hidden."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """What the workbook says of itself. ``date_styles`` are the cell styles that show a number as a date."""

    archive: zipfile.ZipFile
    sheets: tuple[Sheet, ...]
    strings_part: str | None
    date_styles: frozenset[int]
    epoch: datetime

    def open(self, part: str) -> IO[bytes]:
        """Open a part for streaming."""
        return self.archive.open(part)


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turn what the libraries raise on damaged or hostile files into our error."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        ParseError,
        NotImplementedError,
        ValueError,
        KeyError,
        IndexError,
        Damaged,
    ):
        raise unreadable("xlsx_invalid", _NOT_XLSX) from None


def open_workbook(file: BinaryIO) -> Workbook:
    """Check an archive and read what describes the workbook; raise `MalformedRequest`."""
    with refusing_damage():
        _refuse_other_formats(file)
        archive = zipfile.ZipFile(file)
        _refuse_bombs(archive)
        workbook_part = _related(archive, "")[_WORKBOOK][0]
        related = _related(archive, workbook_part)
        targets = _targets(archive, workbook_part)
        root = _part(archive, workbook_part)
        sheets = tuple(
            Sheet(element.get("name", "").strip(), part, element.get("state", "visible") != "visible")
            for element in _all(root, "sheet")
            if (part := targets.get(_relation_id(element))) in related.get("worksheet", ()) and part is not None
        )
        strings = related.get("sharedStrings", [])
        styles = related.get("styles", [])
        properties = next(_all(root, "workbookPr"), None)
        from_1904 = properties is not None and properties.get("date1904") in TRUE
        date_styles = _date_styles(_part(archive, styles[0])) if styles else frozenset[int]()
        epoch = MAC_EPOCH if from_1904 else WINDOWS_EPOCH
    return Workbook(archive, sheets, strings[0] if strings else None, date_styles, epoch)


def _refuse_other_formats(file: BinaryIO) -> None:
    file.seek(0)
    beginning = file.read(len(_OLE))
    if not beginning:
        raise unreadable("empty_file", "文件是空的。")
    if beginning == _OLE:
        if _contains(file, _ENCRYPTED_PACKAGE):
            raise unreadable("xlsx_encrypted", "文件有密码保护，无法读取：请在 Excel 中取消密码后另存，再推送。")
        raise unreadable("xlsx_invalid", "这是旧的 .xls 文件：请在 Excel 或 WPS 中另存为 .xlsx 后再推送。")
    if not beginning.startswith(b"PK"):
        raise unreadable("xlsx_invalid", _NOT_XLSX)
    # The directory of the archive is read as a whole, so its size is looked at before.
    end = file.seek(0, 2)
    file.seek(max(0, end - _LONGEST_END))
    tail = file.read()
    at = tail.rfind(_END_RECORD)
    if at < 0:
        raise unreadable("xlsx_invalid", f"{_NOT_XLSX}（文件不完整，可能是传输中断。）")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > _MOST_DIRECTORY_BYTES:
        raise unreadable("xlsx_invalid", _NOT_XLSX)


def _contains(file: BinaryIO, sought: bytes) -> bool:
    file.seek(0)
    kept = b""
    while chunk := file.read(_OLE_CHUNK):
        if sought in kept + chunk:
            return True
        kept = chunk[-len(sought) :]
    return False


def _refuse_bombs(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if any(member.flag_bits & 1 for member in members):
        raise unreadable("xlsx_encrypted", "文件有密码保护，无法读取：请取消密码后另存，再推送。")
    inflated = sum(member.file_size for member in members)
    squeezed = any(
        member.file_size > _RATIO_MATTERS_FROM and member.file_size > _MOST_RATIO * member.compress_size
        for member in members
    )
    if inflated > MOST_INFLATED_BYTES or squeezed:
        raise unreadable("too_large_inflated", "文件解压后过大：请删除多余的空白行列和格式，或改用 CSV 推送。")


def _part(archive: zipfile.ZipFile, name: str) -> Element:
    if archive.getinfo(name).file_size > MOST_PART_BYTES:
        raise unreadable("too_large_inflated", "文件的样式或工作簿信息过大：请把数据复制到新建的表格中再推送。")
    root: Element = fromstring(archive.read(name), forbid_dtd=True)
    return root


def _relations(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, str, str]]:
    """Yield the id, the last word of the type and the target part of each relation of a part."""
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    for element in _all(_part(archive, relations), "Relationship"):
        if element.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", "")))
            yield element.get("Id", ""), element.get("Type", "").rpartition("/")[2], target.lstrip("/")


def _related(archive: zipfile.ZipFile, part: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for _, kind, target in _relations(archive, part):
        found.setdefault(kind, []).append(target)
    return found


def _targets(archive: zipfile.ZipFile, part: str) -> dict[str, str]:
    return {identity: target for identity, _, target in _relations(archive, part)}


def _relation_id(element: Element) -> str:
    """Return the attribute ``r:id``, in the namespace of either edition of the standard."""
    return next((value for name, value in element.attrib.items() if name.endswith("}id")), "")


def _date_styles(root: Element) -> frozenset[int]:
    custom = {element.get("numFmtId", ""): element.get("formatCode", "") for element in _all(root, "numFmt")}
    formats = next(_all(root, "cellXfs"), None)
    dates = set()
    for number, style in enumerate(formats if formats is not None else ()):
        identity = style.get("numFmtId", "0")
        is_date = is_date_format(custom[identity]) if identity in custom else _is_built_in_date(identity)
        if is_date:
            dates.add(number)
    return frozenset(dates)


def _is_built_in_date(identity: str) -> bool:
    return identity.isdecimal() and int(identity) in _BUILT_IN_DATES


def _all(root: Element, name: str) -> Iterator[Element]:
    """Yield the elements of a name in any namespace: there are two editions of the standard."""
    return root.iterfind(f".//{{*}}{name}")
