"""What is wrong with the variables that a command found in its environment."""

import difflib
import os
from collections.abc import Iterable, Mapping

from app.services.fields import told
from app.settings import Settings, WrongSettings

URL_VARIABLE, KEY_VARIABLE = "LIANCHENG_URL", "LIANCHENG_API_KEY"
_PREFIX = Settings.model_config["env_prefix"]
_OF_TESTS = f"{_PREFIX}TEST_"
_KNOWN = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields} | {URL_VARIABLE, KEY_VARIABLE}


def told_of(wrong: WrongSettings) -> Iterable[str]:
    """Yield a Chinese sentence for each variable that cannot be; no value is repeated, for it may be a secret."""
    for one in told(wrong.errors):
        yield f"环境变量 {_PREFIX}{(one.field or '').upper()} 的值不正确：{one.detail}"


def unknown(environment: Mapping[str, str] = os.environ) -> Iterable[str]:
    """Yield a Chinese sentence for each of our variables that nothing reads: a slip would go unnoticed otherwise."""
    for name in sorted(map(str.upper, environment)):
        if name.startswith(_PREFIX) and not name.startswith(_OF_TESTS) and name not in _KNOWN:
            near = difflib.get_close_matches(name, _KNOWN, n=1)
            hint = f"是否应为 {near[0]}？" if near else "全部变量见 docs/operations.md。"
            yield f"没有环境变量 {name}，其值未被采用。{hint}"
