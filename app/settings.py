"""Every environment variable that the service reads, each with what it is for."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class WrongSettings(Exception):
    """Variables of the environment that cannot be; ``errors`` are Pydantic's, without the values."""

    def __init__(self, errors: Sequence[Any]) -> None:
        """Keep what is wrong."""
        super().__init__(len(errors))
        self.errors = errors


def _not_blank(value: object) -> object:
    # An empty one would lead to whatever database the machine has by default.
    if value == "":
        raise PydanticCustomError("liancheng.blank", "不得留空；要使用自带的数据库，请取消这个变量。")
    return value


def _unset(value: object) -> object:
    return None if value == "" else value


class Settings(BaseSettings):
    """The configuration of one process, read once at its start from ``LIANCHENG_*``."""

    model_config = SettingsConfigDict(env_prefix="LIANCHENG_", frozen=True, allow_inf_nan=False)

    database_url: Annotated[
        SecretStr | None,
        Field(
            description="libpq URL of the database the service works in (several hosts and `target_session_attrs` are "
            "understood). Without it the service starts a PostgreSQL of its own in the data folder."
        ),
        BeforeValidator(_not_blank),
    ] = None
    migration_database_url: Annotated[
        SecretStr | None,
        Field(
            description="The same database as its owner, for `migrate`, `verify` and `identity`; default: DATABASE_URL."
        ),
    ] = None
    data_dir: Annotated[
        Path, Field(description="Folder of the service's own PostgreSQL and of the demo's keys; made if missing.")
    ] = Path(".liancheng")
    list_rules_file: Annotated[
        Path, Field(description="Tiers, kinds of conduct and periods of the list (YAML), read at start.")
    ] = PROJECT_ROOT / "data" / "list_rules.yaml"
    enforcement_file: Annotated[
        Path, Field(description="Days within which measures are to be carried out (YAML), read at start.")
    ] = PROJECT_ROOT / "data" / "enforcement.yaml"
    districts_file: Annotated[
        Path, Field(description="Names of administrative divisions for the effect summary (YAML), read at start.")
    ] = PROJECT_ROOT / "data" / "districts.yaml"
    catalogue_file: Annotated[Path, Field(description="The memo as data (YAML), read at start.")] = (
        PROJECT_ROOT / "data" / "measures.yaml"
    )
    publication_file: Annotated[
        Path, Field(description="Texts that go with what is published (YAML), read at start.")
    ] = PROJECT_ROOT / "data" / "publication.yaml"
    public_pool_size: Annotated[
        int,
        Field(ge=1, le=500, description="Database connections for the public, apart from those of the departments."),
    ] = 2
    public_max_age: Annotated[
        int, Field(ge=0, le=3600, description="Seconds that caches may keep what is public; less before midnight.")
    ] = 300
    scenes_file: Annotated[
        Path, Field(description="Which measures matter in which procedure (YAML), read at start.")
    ] = PROJECT_ROOT / "data" / "scenes.yaml"
    identity_index_keys: Annotated[
        SecretStr | None,
        Field(
            description="HMAC-SM3 keys that identity numbers are found by: `id=base64` of 32 bytes each, separated by "
            "commas, the current one first. `liancheng identity new-keys` prints a pair."
        ),
    ] = None
    identity_cipher_keys: Annotated[
        SecretStr | None,
        Field(description="SM4-GCM keys that identity numbers are kept under: the same form, 16 bytes each."),
    ] = None
    host: Annotated[str, Field(description="Address that `serve` listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port that `serve` listens on; 0 takes a free one.")] = 8000
    pool_size: Annotated[int, Field(ge=1, le=500, description="Database connections that one process may hold.")] = 10
    database_timeout: Annotated[
        float, Field(gt=0, description="Seconds after which a statement or a wait for a connection is given up (503).")
    ] = 10.0
    lookup_queue: Annotated[
        int, Field(ge=1, description="Single lookups that may wait in one process; beyond it 503 `overloaded` at once.")
    ] = 1000
    push_wait: Annotated[
        float, Field(gt=0, description="Seconds a push waits for the push before it, then 503 `push_in_progress`.")
    ] = 30.0
    push_timeout: Annotated[
        float, Field(gt=0, description="Seconds after which a push is given up (503), its wait included.")
    ] = 120.0
    max_body_bytes: Annotated[
        int, Field(ge=1024, description="Largest request body, except for pushes and batches; beyond it 413.")
    ] = 1_048_576
    max_batch_bytes: Annotated[
        int, Field(ge=1024, description="Largest body of a batch of lookups; beyond it 413.")
    ] = 33_554_432
    max_push_bytes: Annotated[int, Field(ge=1024, description="Largest body of a push; beyond it 413.")] = 1_073_741_824
    max_push_operations: Annotated[int, Field(ge=1, description="Most rows in one push.")] = 1_000_000
    max_snapshot_removals: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Share of the listings in force that a snapshot may lack without `confirm_removals`.",
        ),
    ] = 0.05
    approval_above: Annotated[
        int | None,
        Field(ge=0, description="Changes above which a push waits for another client's approval; empty: none does."),
        BeforeValidator(_unset),
    ] = None
    feed_heartbeat: Annotated[
        float, Field(gt=0, description="Seconds between signs of life in an event stream without changes.")
    ] = 15.0
    feed_poll: Annotated[
        float, Field(gt=0, description="Seconds between looks for a new version while somebody waits for one.")
    ] = 0.25
    alert_window_days: Annotated[
        int, Field(ge=1, le=3650, description="Days for which a `not_listed` answer is remembered for alerts.")
    ] = 30
    unusual_persons: Annotated[
        int,
        Field(ge=1, description="Different persons not listed, in a period, below which no client's use is unusual."),
    ] = 50
    unusual_share: Annotated[
        float, Field(ge=0, le=1, description="Share of persons not listed below which no client's use is unusual.")
    ] = 0.8
    unusual_times: Annotated[
        float,
        Field(gt=0, description="How many times its own past, or the others' median, makes a client's use unusual."),
    ] = 3.0
    webhook_allowed_hosts: Annotated[
        str,
        Field(
            description="Hosts that webhooks may lead to, separated by commas: `a.example.gov.cn`, `*.example.gov.cn`, "
            "`host:8443` for a port that is not 443 (or 80). Empty: none, and no webhook can be made."
        ),
    ] = ""
    webhook_allowed_networks: Annotated[
        str,
        Field(
            description="Address ranges (CIDR, separated by commas) that webhooks may lead to although they are not "
            "public: loopback, link-local, private, shared and the like are refused unless named here."
        ),
    ] = ""
    webhook_allow_http: Annotated[bool, Field(description="Whether webhooks may lead to plain `http` URLs too.")] = (
        False
    )
    webhook_ca_file: Annotated[
        Path | None,
        Field(description="Certificates (PEM) to trust for webhooks, beside the public authorities'."),
        BeforeValidator(_unset),
    ] = None
    webhook_worker: Annotated[
        bool, Field(description="Whether `serve` delivers webhooks itself; not where `worker` processes do.")
    ] = True
    webhook_timeout: Annotated[
        float, Field(gt=0, le=60, description="Seconds for one attempt at a webhook, name and connection included.")
    ] = 10.0
    webhook_retry_first: Annotated[
        float, Field(gt=0, description="Seconds before a failed webhook is tried again; doubled each time, up to 4 h.")
    ] = 10.0
    webhook_retry_for: Annotated[
        float, Field(gt=0, description="Seconds from the first attempt at a delivery after which it is given up.")
    ] = 86_400.0
    webhook_disable_after: Annotated[
        float, Field(gt=0, description="Seconds of nothing but failures after which a webhook is disabled.")
    ] = 432_000.0
    webhook_lost_after: Annotated[
        float,
        Field(ge=1, description="Seconds without a sign of life after which another process takes over a delivery."),
    ] = 30.0
    webhook_keep_days: Annotated[
        int,
        Field(ge=30, le=36_500, description="Days for which deliveries of webhooks and their attempts are kept."),
    ] = 184
    shutdown_grace: Annotated[
        int, Field(ge=0, description="Seconds that a stopping process gives to the requests it has taken in.")
    ] = 30
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least severe log line that is written.")
    ] = "info"

    @property
    def names_a_database(self) -> bool:
        """Whether a database was configured at all; only where none was does the service bring its own."""
        return self.database_url is not None or self.migration_database_url is not None


@lru_cache
def current_settings() -> Settings:
    """Return this process's settings, read from the environment on the first call; raise :class:`WrongSettings`."""
    try:
        return Settings()
    except ValidationError as error:
        raise WrongSettings(error.errors(include_url=False, include_input=False)) from None
