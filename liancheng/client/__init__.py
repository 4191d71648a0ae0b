"""A small typed client of liancheng: for lookups, pushes, and a department's own copy of the list.

::

    from liancheng.client import Client, Undetermined

    with Client("https://liancheng.example.gov.cn", key) as client:
        try:
            answer = client.look_up("91441800PDY0000289", purpose="通关审核", view="mine")
        except Undetermined:
            ...  # nobody knows: treat the subject as listed, or stop and ask again
        else:
            print(answer["verdict"], [measure["title"] for measure in answer["measures"]])

`Client` waits, `AsyncClient` is awaited; both do the same, because what they do stands in pure *plans* (`plans`) that
they only carry out. `LocalCopy` keeps a copy of the list in one SQLite file; a copy is never a verdict.
"""

from liancheng.client.aio import AsyncClient
from liancheng.client.copy import LocalCopy
from liancheng.client.errors import (
    BrokenFeed,
    Conflict,
    CopyBusy,
    CopyOutOfStep,
    Forbidden,
    LianchengClientError,
    ListVersionMoved,
    ListVersionNotReached,
    MalformedAnswer,
    NotFound,
    PushRejected,
    Rejected,
    ServiceFailed,
    SnapshotIncomplete,
    SourceChanged,
    TooManyRemovals,
    Unauthorised,
    Unavailable,
    Undetermined,
    Unreachable,
)
from liancheng.client.in_force import ban_in_force, listing_in_force, open_objections, person_concerned
from liancheng.client.retries import Retries
from liancheng.client.sync import Client
from liancheng.client.webhooks import WebhookRefused, verify_webhook

__all__ = [
    "AsyncClient",
    "BrokenFeed",
    "Client",
    "Conflict",
    "CopyBusy",
    "CopyOutOfStep",
    "Forbidden",
    "LianchengClientError",
    "ListVersionMoved",
    "ListVersionNotReached",
    "LocalCopy",
    "MalformedAnswer",
    "NotFound",
    "PushRejected",
    "Rejected",
    "Retries",
    "ServiceFailed",
    "SnapshotIncomplete",
    "SourceChanged",
    "TooManyRemovals",
    "Unauthorised",
    "Unavailable",
    "Undetermined",
    "Unreachable",
    "WebhookRefused",
    "ban_in_force",
    "listing_in_force",
    "open_objections",
    "person_concerned",
    "verify_webhook",
]
