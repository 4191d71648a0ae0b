"""A database URL that cannot be read: what is wrong is said, and nothing of the password in it."""

import json

import pytest
from pydantic import SecretStr

from app.errors import Misconfigured
from app.settings import Settings
from tests.api.service import serving


@pytest.mark.parametrize("password", ["kenn/wort", "kenn#wort", "[kennwort", "kenn@x:wort"])
async def test_a_password_with_a_sign_that_a_url_divides_at_is_not_logged(
    settings: Settings, capsys: pytest.CaptureFixture[str], password: str
) -> None:
    url = SecretStr(f"postgresql://liancheng:{password}@localhost/liancheng")
    with pytest.raises(Misconfigured, match="LIANCHENG_DATABASE_URL") as raised:
        async with serving(settings.model_copy(update={"database_url": url})):
            pass
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["event"], told["code"]) == ("service.refused", "misconfigured")
    for part in ("kenn", "wort"):
        assert part not in line
        assert part not in str(raised.value)
