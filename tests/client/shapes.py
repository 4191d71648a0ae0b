"""Listings and changes of the feed, and answers, as the service shapes them; everybody in them is invented."""

from datetime import date
from typing import Any
from uuid import UUID

from app.domain.synthetic import synthetic_uscc
from liancheng.client import LocalCopy
from liancheng.client.types import Change, FeedListing, FeedPerson, PositionBan

DAY = date(2026, 11, 24)
"""within the period of every listing made here"""


def token(n: int) -> str:
    """Return the n-th token."""
    return f"{n:064x}"


def feed_person(n: int = 1, **changed: Any) -> FeedPerson:
    """Return a person of a listing."""
    person = FeedPerson(
        person_id=str(UUID(int=1000 + n)),
        name_masked="虚*",
        token=token(n),
        index_key_id="k1",
        roles=["legal_representative"],
        since=None,
        ended_on=None,
        end_reason=None,
        position_ban=None,
        erased=False,
    )
    person.update(changed)  # type: ignore[typeddict-item] # a test changes what it likes
    return person


def ban(since: str | None = None, until: str | None = None) -> PositionBan:
    """Return a ban; without a last day it is for life."""
    return PositionBan(since=since, until=until, for_life=until is None)


def feed_listing(n: int = 1, **changed: Any) -> FeedListing:
    """Return the n-th listing, in force from 2026-03-01 to 2029-02-28."""
    listing = FeedListing(
        listing_id=str(UUID(int=n)),
        revision=1,
        unit={"name": f"示例第{n}（虚构）有限公司", "uscc": synthetic_uscc(n), "former_names": []},
        decision_no=f"虚构列〔2026〕{n}号",
        decided_by="清远市应急管理局（测试）",
        conduct="虚构行为",
        conduct_code=None,
        tier="严重失信主体",
        # A text may hold what other programs take for the end of a line.
        facts="甲\u2028乙",
        basis=None,
        listed_on="2026-03-01",
        valid_until="2029-02-28",
        published_until=None,
        nonconforming_reason=None,
        removal=None,
        suspensions=[],
        persons=[],
    )
    listing.update(changed)  # type: ignore[typeddict-item] # a test changes what it likes
    return listing


def change(cursor: str, listing: FeedListing | None = None, op: str = "list") -> Change:
    """Return a change with a cursor such as ``41.3``."""
    version, _, number = cursor.partition(".")
    return Change(
        cursor=cursor,
        list_version=int(version),
        change_no=int(number),
        op=op,
        committed_at="2026-11-24T00:00:00Z",
        push_id=str(UUID(int=int(version))),
        listing=listing or feed_listing(),
        hash="sm3:" + "0" * 64,
    )


def page(*changes: Change, cursor: str, more: bool = False) -> dict[str, Any]:
    """Return a page of changes."""
    return {"changes": list(changes), "cursor": cursor, "list_version": int(cursor.partition(".")[0]), "more": more}


def verdict(verdict: str = "not_listed", list_version: int = 1, **changed: Any) -> dict[str, Any]:
    """Return a lookup's answer."""
    return {
        "lookup_id": str(UUID(int=5)),
        "answered_at": "2026-11-24T00:00:00Z",
        "on": "2026-11-24",
        "list_version": list_version,
        "catalogue_version": "v",
        "code": synthetic_uscc(1),
        "subject_kind": "unit",
        "verdict": verdict,
        "scene": None,
        "listings": [],
        "measures": [],
    } | changed


def pushed(**changed: Any) -> dict[str, Any]:
    """Return a push's answer."""
    return {
        "push_id": str(UUID(int=9)),
        "dry_run": False,
        "list_version": 7,
        "committed_at": "2026-11-24T00:00:00Z",
        "source_document": None,
        "counts": {"list": 1},
        "rows": [],
    } | changed


def held(copy: LocalCopy) -> dict[str, Any]:
    """Return what a copy holds, by listing id."""
    return {listing["listing_id"]: listing for listing in copy.listings()}


def removed(n: int) -> Any:
    """Return the n-th listing, removed."""
    gone = {"removed_on": "2026-06-01", "reason": "repaired", "decision_no": None}
    return feed_listing(n, revision=2, removal=gone)
