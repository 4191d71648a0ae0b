"""A clerk's desk: files as clerks have them, and the variables that their commands find the service by."""

from pathlib import Path

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from tests.support import Api

HEADER = (
    "操作,统一社会信用代码,单位名称,列入决定书文号,作出列入决定机关,列入原因,惩戒等级,列入日期,"
    "人员姓名,身份号码,职务身份"
)
NUMBER = synthetic_resident_id(1)


def row(n: int, *, listed_on: str = "2026/3/1", conduct: str = "瞒报事故（虚构）", person: bool = True) -> str:
    """Return the line that lists unit ``n``, with person ``n`` unless there is to be none."""
    who = f"虚构{n},{synthetic_resident_id(n)},法定代表人" if person else ",,"
    unit = f"{synthetic_uscc(n)},示例第{n}（虚构）有限公司,虚构列〔2026〕{n}号"
    return f"列入,{unit},清远市应急管理局（测试）,{conduct},严重失信主体,{listed_on},{who}"


def csv(folder: Path, *rows: str, name: str = "名单.csv", encoding: str = "gb18030") -> Path:
    """Write a CSV file as WPS does on a Chinese machine."""
    file = folder / name
    file.write_text("\r\n".join([HEADER, *rows]) + "\r\n", encoding=encoding, newline="")
    return file


def at_service(api: Api, url: str) -> dict[str, str]:
    """Return the variables that name the service and the key."""
    return {"LIANCHENG_URL": url, "LIANCHENG_API_KEY": api.key}
