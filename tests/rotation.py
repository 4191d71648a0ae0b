"""A second pair of identity keys, and settings that have it beside the first or in its place."""

from typing import Any

from pydantic import SecretStr

from app.services.identity_keys import CIPHER_VARIABLE, INDEX_VARIABLE, new_keys
from app.settings import Settings

NEW = new_keys("k2")


def keys(settings: Settings, form: str) -> dict[str, Any]:
    """Return what changes in settings whose keys are to be ``form``, such as ``{new},{old}``."""
    assert settings.identity_index_keys is not None
    assert settings.identity_cipher_keys is not None
    index, cipher = settings.identity_index_keys.get_secret_value(), settings.identity_cipher_keys.get_secret_value()
    return {
        "identity_index_keys": SecretStr(form.format(new=NEW[INDEX_VARIABLE], old=index)),
        "identity_cipher_keys": SecretStr(form.format(new=NEW[CIPHER_VARIABLE], old=cipher)),
    }
