"""From the file of public texts to the texts, or to every problem that the file has, each with its line."""

import hashlib
import re
from typing import cast

from app.domain.catalogue import Confidence
from app.domain.publication import Notice, NoticeSource, Publication
from app.domain.yaml_reader import Fields, InvalidDataFile, Place, Reader

_FEED_ID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CONFIDENCE = ("seen", "recalled")


class PublicationError(InvalidDataFile):
    """The public texts cannot be used."""

    code = "publication_invalid"
    called = "公示文本文件"


def parse_publication(source: bytes) -> Publication:
    """Read a file of public texts; raise :class:`PublicationError` with every problem that could be found."""
    read = Reader()
    root = read.root(source)
    found = None if root is None else _publication(read, root, source)
    if found is None or read.problems:
        raise PublicationError(read.problems)
    return found


def _publication(read: Reader, root: Place, source: bytes) -> Publication:
    parts = read.fields(root, ("feed", "notices"))
    feed = read.fields(parts["feed"], ("id", "title", "author")) if "feed" in parts else {}
    notices = read.fields(parts["notices"], ("objection", "repair", "contested")) if "notices" in parts else {}
    feed_id = read.text(feed.get("id"))
    if feed_id and not _FEED_ID.fullmatch(feed_id):
        read.report(feed["id"], "feed_id_form", "应为 urn:uuid: 加小写的 UUID。")
    return Publication(
        version=f"sha256:{hashlib.sha256(source).hexdigest()}",
        feed_id=feed_id,
        feed_title=read.text(feed.get("title")),
        feed_author=read.text(feed.get("author")),
        objection=_notice(read, notices, "objection"),
        repair=_notice(read, notices, "repair"),
        contested=_notice(read, notices, "contested"),
    )


def _notice(read: Reader, notices: Fields, name: str) -> Notice:
    fields = read.fields(notices[name], ("text", "sources")) if name in notices else {}
    sources = tuple(_source(read, item) for item in read.items(fields.get("sources")))
    return Notice(read.text(fields.get("text")), sources)


def _source(read: Reader, place: Place) -> NoticeSource:
    fields = read.fields(place, ("document", "number", "article", "confidence"), ("note",))
    return NoticeSource(
        document=read.text(fields.get("document")),
        number=read.optional_text(fields.get("number")),
        article=read.optional_text(fields.get("article")),
        confidence=cast("Confidence", read.choice(fields.get("confidence"), _CONFIDENCE)),
        note=read.optional_text(fields.get("note")),
    )
