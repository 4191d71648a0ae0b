"""What happens to what is published, as an Atom feed (RFC 4287), paged (RFC 5005, 3).

Each listing is one entry under one id for ever, with the last thing that happened to it: whoever follows the feed has
the entry of a withdrawn listing overwritten by one that names nobody. Written with the standard library: a dozen
elements need no more than that what is put into them is escaped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID
from xml.etree import ElementTree as ET

from app.api.schemas.public import PublicListingOut
from app.domain.publication import Publication
from app.errors import FieldError, InvalidField
from app.store.publication import FeedPlace, Happened

ATOM: Final = "application/atom+xml"
_NAMESPACE: Final = "http://www.w3.org/2005/Atom"
_PLACE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z)_([0-9a-f-]{36})")
_HAPPENED: Final = {"published": "公示", "changed": "变更", "withdrawn": "撤下"}


@dataclass(frozen=True, slots=True)
class ToldEntry:
    """One entry of the feed; ``listing`` is ``None`` of what was withdrawn."""

    place: FeedPlace
    happened: Happened
    listing: PublicListingOut | None


def written_place(place: FeedPlace) -> str:
    """Return a place in the feed as it stands in a link."""
    return f"{_moment(place.updated)}_{place.listing_id}"


def read_place(text: str) -> FeedPlace:
    """Read a place in the feed; raise :class:`InvalidField`."""
    found = _PLACE.fullmatch(text)
    try:
        if found:
            return FeedPlace(datetime.fromisoformat(found.group(1)), UUID(found.group(2)))
    except ValueError:
        pass
    told = "before 应取自订阅源中 rel=next 的链接。"
    raise InvalidField(FieldError("before", "cursor_invalid", told))


@dataclass(frozen=True, slots=True)
class FeedLinks:
    """The query of this page, and of the next one; ``None`` at the end."""

    this: dict[str, str]
    first: dict[str, str]
    next: dict[str, str] | None


def atom(entries: Sequence[ToldEntry], updated: datetime, links: FeedLinks, texts: Publication) -> bytes:
    """Write one page of the feed; links are relative to the feed's own address."""
    feed = ET.Element("feed", {"xmlns": _NAMESPACE, "xml:lang": "zh-CN"})
    _text(feed, "id", texts.feed_id)
    _text(feed, "title", texts.feed_title)
    _text(feed, "updated", _moment(updated))
    _text(ET.SubElement(feed, "author"), "name", texts.feed_author)
    for relation, query in (("self", links.this), ("first", links.first), ("next", links.next)):
        if query is not None:
            ET.SubElement(feed, "link", {"rel": relation, "href": _href(query), "type": ATOM})
    for one in entries:
        _entry(feed, one, texts)
    document: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _entry(feed: ET.Element, told: ToldEntry, texts: Publication) -> None:
    entry = ET.SubElement(feed, "entry")
    _text(entry, "id", f"urn:uuid:{told.place.listing_id}")
    _text(entry, "updated", _moment(told.place.updated))
    ET.SubElement(entry, "category", {"term": told.happened, "label": _HAPPENED[told.happened]})
    listing = told.listing
    if listing is None:
        _text(entry, "title", "撤下：本条信息不再公示")
        _text(entry, "content", "本条信息不再公示，请撤下此前取得的内容。", type="text")
        return
    _text(entry, "title", f"{listing.unit.name}（{listing.decision_no}）{'［有异议］' if listing.contested else ''}")
    address = f"listings/{listing.listing_id}"
    ET.SubElement(entry, "link", {"rel": "alternate", "href": address, "type": "application/json"})
    _text(entry, "content", "\n".join(_lines(listing, texts)), type="text")


def _lines(listing: PublicListingOut, texts: Publication) -> list[str]:
    unit, persons = listing.unit, [f"{one.name}（{'、'.join(one.role_names)}）" for one in listing.persons]
    told = {
        "单位名称": unit.name,
        "统一社会信用代码": unit.uscc,
        "曾用名": "、".join(unit.former_names),
        "列入决定书文号": listing.decision_no,
        "作出列入决定机关": listing.decided_by,
        "列入原因": listing.conduct,
        "惩戒等级": listing.tier,
        "失信事实": listing.facts,
        "列入依据": listing.basis,
        "列入日期": listing.listed_on,
        "有效期至": listing.valid_until,
        "公示截止日期": listing.published_until,
        "有关人员": "；".join(persons),
        "异议": f"{listing.contested_since} 起：{texts.contested.text}" if listing.contested else None,
        "怎样提出异议": listing.remedies.objection,
        "怎样申请信用修复": listing.remedies.repair,
    }
    return [f"{name}：{value}" for name, value in told.items() if value]


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = text


def _href(query: dict[str, str]) -> str:
    return f"feed.atom?{urlencode(query)}" if query else "feed.atom"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
