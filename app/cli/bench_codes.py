"""Which codes a measurement asks about: a file's, the service's own list's, or synthetic ones."""

from itertools import islice
from pathlib import Path

import typer

from app.cli.service_client import client_for, told
from app.errors import Misconfigured
from app.workload.mix import Codes, Mix, given_codes, synthetic_codes
from liancheng.client import LianchengClientError

_MOST = 100_000


def codes_for(file: Path | None, service: tuple[str, Path | None], *, from_listings: bool, known: int) -> Codes:
    """Return the codes; ``service`` is the URL and the file of the key, if it is not in the environment."""
    if file is not None and from_listings:
        raise typer.BadParameter("--codes 与 --from-listings 只能写一个。", param_hint="--codes")
    if file is not None:
        return given_codes(_read(file))
    return given_codes(_listed(*service)) if from_listings else synthetic_codes(known)


def _read(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig") as lines:
            return list(islice((code for line in lines if (code := line.strip())), _MOST))
    except (OSError, UnicodeError):
        raise Misconfigured(f"无法读取 {file}：应为 UTF-8 文本，每行一个代码。") from None


def _listed(url: str, key_file: Path | None) -> list[str]:
    try:
        with client_for(url, key_file) as client:
            listings = client.listings(state="in_force")
            return [listing["unit"]["uscc"] for listing in islice(listings, _MOST)]
    except LianchengClientError as error:
        raise Misconfigured(f"无法取得现行名单：{told(error)}") from None


def require_codes(codes: Codes, mix: Mix) -> None:
    """Raise :class:`Misconfigured` where the mix asks about listed units or persons and there is no code of any."""
    if mix.misses == 1:
        return
    if mix.persons < 1 and not codes.units:
        raise Misconfigured("没有应在名单上的单位代码：名单为空，或文件中没有。只查人员请写 --persons 1。")
    if mix.persons > 0 and not codes.persons:
        raise Misconfigured("没有应在名单上的人员号码：请用 --codes 给出，或写 --persons 0。")
