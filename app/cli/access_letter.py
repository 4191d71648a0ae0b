"""The document that answers a person's access request, in Chinese, as plain text: to be printed, signed and sealed."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from app.domain.moment import CITY
from app.services.access_request import AccessAnswer
from app.store.audit import TOKEN_ISSUED, AuditRecord
from app.store.audit_readings import ReadingShown

VERDICTS = {"listed": "在名单上", "not_listed": "不在名单上", TOKEN_ISSUED: "已发比对标识"}
READING_KINDS = {
    "search": "检索查询记录",
    "list": "列出查询记录",
    "show": "重现一次答复",
    "about": "办理查阅申请",
    "unusual": "异常使用报告",
}


def letter(answer: AccessAnswer) -> str:
    """Return the whole document."""
    return "\n".join(_lines(answer)) + "\n"


def _lines(answer: AccessAnswer) -> Iterator[str]:
    yield "个人信息查询记录答复书"
    yield ""
    yield f"申请人身份号码：{answer.masked_number}"
    yield f"制作时间：{_when(answer.made_at)}（北京时间，下同）"
    yield "依据：《中华人民共和国个人信息保护法》第四十五条。"
    yield "范围：本系统保存的、就申请人身份号码向安全生产失信联合惩戒名单所作的全部查询。"
    yield ""
    yield from _summary(answer)
    for position, record in enumerate(answer.records, start=1):
        yield ""
        yield from _entry(position, record, answer)
    if answer.readings:
        yield ""
        yield f"另有 {len(answer.readings)} 次为审计或办理查阅申请而查阅上述记录："
        yield from (_reading(one) for one in answer.readings)
    yield ""
    yield "说明："
    yield "1. “不在名单上”是就“问及日期”、按当时名单所作的答复。"
    yield "2. “已发比对标识”是指向该单位提供了供其在本单位数据中比对的标识，未告知是否在名单上。"
    yield "3. 身份信息曾依法定文书删除的，删除之前的查询记录已不再指向任何人，无法列出；删除之后的查询已列入。"
    yield "4. 本答复书只显示身份号码的首末两位。"


def _summary(answer: AccessAnswer) -> Iterator[str]:
    if not answer.records:
        yield "查询结果：未查到就该号码所作的查询。"
        return
    first, last = answer.records[0].answered_at, answer.records[-1].answered_at
    yield f"查询结果：共 {len(answer.records)} 次，最早 {_when(first)}，最近 {_when(last)}。"
    for department, times in sorted(Counter(one.department for one in answer.records).items()):
        yield f"　　{department}：{times} 次"


def _entry(position: int, record: AuditRecord, answer: AccessAnswer) -> Iterator[str]:
    yield f"{position}. {_when(record.answered_at)}"
    yield f"　　查询部门：{record.department}（系统：{record.client_name}）"
    yield f"　　查询用途：{record.purpose}"
    if record.reference:
        yield f"　　业务编号：{record.reference}"
    known = f"，按 {_when(record.known_at)} 所知的名单" if record.known_at else ""
    yield f"　　问及日期：{record.on_day}{known}"
    yield f"　　所作答复：{VERDICTS[record.verdict]}{_decisions(record, answer)}"
    yield f"　　查询编号：{record.lookup_id}"


def _decisions(record: AuditRecord, answer: AccessAnswer) -> str:
    told = zip(record.listing_ids, record.revisions, strict=True)
    states = [answer.states[pair] for pair in told]
    named = "；".join(f"{state['unit_name']}，决定书 {state['decision_no']}" for state in states)
    return f"（{named}）" if named else ""


def _reading(shown: ReadingShown) -> str:
    kind = READING_KINDS.get(shown.reading.kind, shown.reading.kind)
    return f"　　{_when(shown.reading.read_at)}　{shown.reader}　{kind}"


def _when(moment: datetime) -> str:
    return moment.astimezone(CITY).strftime("%Y-%m-%d %H:%M:%S")
