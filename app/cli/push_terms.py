"""What a push says besides its rows, as the commands pass it on."""

from typing import Literal, NotRequired, TypedDict


class PushTerms(TypedDict):
    """As `liancheng.client` takes them."""

    mode: NotRequired[Literal["delta", "snapshot"]]
    expected_list_version: NotRequired[int | None]
    source_document: NotRequired[str | None]
    removal_reason: NotRequired[str | None]
    confirm_removals: NotRequired[int | None]
