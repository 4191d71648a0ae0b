"""A listing's bytes in an answer: by its model, or, where nothing has to be decided about it, as they come.

Nearly every hit is a unit's listing that nobody removed, suspended or contested. To build its model and dump it costs
more than all the rest of the answer; a test holds the two equal, byte for byte.
"""

from collections.abc import Iterable, Mapping
from datetime import date

# The C encoder of the standard library, as `json.dumps(…, ensure_ascii=False)` uses it for every string.
from json.encoder import encode_basestring as _text
from typing import Any

from pydantic import TypeAdapter

from app.api.schemas.lookups import ListingOut, listings_out
from app.services.lookup import AnsweredListing
from app.store.lookups import FoundRows

_LISTINGS = TypeAdapter(list[ListingOut])


def rendered_listings(listings: tuple[AnsweredListing, ...] | FoundRows, on: date) -> str:
    """Return the array of listings as JSON."""
    if isinstance(listings, FoundRows):
        return f"[{','.join(map(_plain, listings.rows))}]"
    return _LISTINGS.dump_json(listings_out(listings, on)).decode()


def _plain(row: Mapping[str, Any]) -> str:
    """Return a listing of which `FoundRows.plain` holds."""
    return (
        f'{{"listing_id":"{row["listing_id"]}","revision":{row["revision"]},"state":"in_force","unit":'
        f'{{"name":{_text(row["unit_name"])},"uscc":{_text(row["uscc"])},"former_names":{_texts(row["former_names"])}}},'
        f'"person":null,"decision_no":{_text(row["decision_no"])},"decided_by":{_text(row["decided_by"])},'
        f'"conduct":{_text(row["conduct"])},"conduct_code":{_optional(row["conduct_code"])},"tier":{_text(row["tier"])},'
        f'"facts":{_optional(row["facts"])},"basis":{_optional(row["basis"])},"listed_on":"{row["listed_on"]}",'
        f'"valid_until":"{row["valid_until"]}","removal":null,"contested":false,"open_objections":[]}}'
    )


def _optional(text: str | None) -> str:
    return "null" if text is None else _text(text)


def _texts(texts: Iterable[str]) -> str:
    return f"[{','.join(map(_text, texts))}]" if texts else "[]"
