"""Every setting of the program: read once from the environment and `.env`, then passed on.

In development the secrets that are missing are drawn once and kept in
`var/development-secrets.json`; with `APP_ENV=production` a missing one stops the start.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SECRETS = ("JWT_KEYS", "ENCRYPTION_KEYS", "LOOKUP_KEY")
"""`JWT_KEYS` and `ENCRYPTION_KEYS` are key rings: `kid:hex[,kid:hex…]`, the first one signs or seals."""


class MisconfiguredError(Exception):
    """Settings with which the program must not start; the message is one sentence."""


class _Part(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=".env", populate_by_name=True)


class LedgerSettings(_Part):
    url: str = Field(alias="DATABASE_URL")
    pool_size: int = Field(default=20, alias="DATABASE_POOL_SIZE", ge=2, le=80)
    pool_timeout_seconds: float = Field(default=10, alias="DATABASE_POOL_TIMEOUT_SECONDS", gt=0)
    statement_timeout_ms: int = Field(default=10_000, alias="DATABASE_STATEMENT_TIMEOUT_MS", ge=100)


class CacheSettings(_Part):
    url: str = Field(alias="REDIS_URL")


class WarehouseSettings(_Part):
    folder: Path = Field(alias="WAREHOUSE_DIR")
    batch_rows: int = Field(default=100, alias="WAREHOUSE_BATCH_ROWS", ge=1)
    batch_seconds: float = Field(default=30, alias="WAREHOUSE_BATCH_SECONDS", gt=0)


class AuthSettings(_Part):
    keys: SecretStr = Field(alias="JWT_KEYS")
    audience: str = Field(default="livhana-services", alias="JWT_AUDIENCE")
    issuer: str = Field(default="livhana-auth", alias="JWT_ISSUER")
    ttl_hours: int = Field(default=24, alias="JWT_TTL_HOURS", ge=1, le=24 * 30)


class CryptoSettings(_Part):
    keys: SecretStr = Field(alias="ENCRYPTION_KEYS")
    lookup_key: SecretStr = Field(alias="LOOKUP_KEY")


class ModelSettings(_Part):
    anthropic_api_key: SecretStr | None = Field(default=None, alias="ANTHROPIC_API_KEY")
    anthropic_base_url: str | None = Field(default=None, alias="ANTHROPIC_BASE_URL")
    name: str = Field(default="claude-sonnet-5-5", alias="MODEL_NAME")
    effort: Literal["low", "medium", "high", "max"] = Field(default="low", alias="MODEL_EFFORT")
    max_tokens: int = Field(default=2_000, alias="MODEL_MAX_TOKENS", ge=256)
    timeout_seconds: float = Field(default=30, alias="MODEL_TIMEOUT_SECONDS", gt=0)


class TurnSettings(_Part):
    model_calls: int = Field(default=8, alias="TURN_MODEL_CALLS", ge=1)
    tool_calls: int = Field(default=12, alias="TURN_TOOL_CALLS", ge=1)
    tokens: int = Field(default=60_000, alias="TURN_TOKENS", ge=1_000)
    seconds: float = Field(default=60, alias="TURN_SECONDS", gt=0)
    lease_seconds: float = Field(default=30, alias="TURN_LEASE_SECONDS", gt=0)
    confirmation_minutes: int = Field(default=10, alias="CONFIRMATION_MINUTES", ge=1)


class ApiSettings(_Part):
    host: str = Field(default="127.0.0.1", alias="HOST")
    port: int = Field(default=8080, alias="PORT", ge=0, le=65535)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field((), alias="CORS_ORIGINS")
    max_body_bytes: int = Field(default=256 * 1024, alias="MAX_BODY_BYTES", ge=1024)
    requests_per_minute: int = Field(default=100, alias="REQUESTS_PER_MINUTE", ge=1)

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - pydantic's own signature
        given = values.get("CORS_ORIGINS", os.environ.get("CORS_ORIGINS"))
        if isinstance(given, str):
            values["CORS_ORIGINS"] = tuple(part.strip() for part in given.split(",") if part.strip())
        super().__init__(**values)


class ShopSettings(_Part):
    name: str = Field(default="LivHana", alias="SHOP_NAME")
    time_zone: str = Field(default="America/Chicago", alias="SHOP_TIME_ZONE")
    demo_customers: int = Field(default=500, alias="DEMO_CUSTOMERS", ge=10)


class Settings(_Part):
    app_env: Literal["development", "test", "production"] = Field(default="development", alias="APP_ENV")
    var: Path = Field(default=Path("var"), alias="VAR_DIR")
    ledger: LedgerSettings
    cache: CacheSettings
    warehouse: WarehouseSettings
    auth: AuthSettings
    crypto: CryptoSettings
    models: ModelSettings
    turn: TurnSettings
    api: ApiSettings
    shop: ShopSettings

    @property
    def is_production(self) -> bool:
        return self.app_env == "production"


def embedded_database_url(var: Path) -> str:
    """The server that `livhana serve` starts, on a Unix socket inside `var/postgres`."""
    return f"postgresql+psycopg://postgres@/postgres?host={(var / 'postgres').resolve()}"


def embedded_redis_url(var: Path) -> str:
    return f"unix://{(var / 'valkey' / 'valkey.sock').resolve()}"


def load_settings(**given: object) -> Settings:
    """Settings from `given`, the environment and `.env`, in that order.

    Raises:
        MisconfiguredError: one sentence that names the setting and what would be right.
    """
    values = {**_dotenv(Path(".env")), **os.environ, **given}
    env = str(values.get("APP_ENV", "development"))
    var = Path(str(values.get("VAR_DIR", "var")))
    embedded = {
        "DATABASE_URL": embedded_database_url(var),
        "REDIS_URL": embedded_redis_url(var),
        "WAREHOUSE_DIR": var / "warehouse",
    }
    values = {**embedded, **values}
    missing = [name for name in SECRETS if not values.get(name)]
    if missing and env == "production":
        raise MisconfiguredError(f"Set {missing[0]}: production does not start without it.")
    if missing:
        values = {**_development_secrets(var), **values}
    try:
        return _assemble(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else error.title
        raise MisconfiguredError(f"{name} is not usable: {first['msg']}.") from error


def _assemble(values: dict[str, Any]) -> Settings:
    return Settings(
        APP_ENV=values.get("APP_ENV", "development"),
        VAR_DIR=Path(values.get("VAR_DIR", "var")),
        ledger=LedgerSettings(**values),
        cache=CacheSettings(**values),
        warehouse=WarehouseSettings(**values),
        auth=AuthSettings(**values),
        crypto=CryptoSettings(**values),
        models=ModelSettings(**values),
        turn=TurnSettings(**values),
        api=ApiSettings(**values),
        shop=ShopSettings(**values),
    )


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line and line[:1] != "#")
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def _development_secrets(var: Path) -> dict[str, str]:
    path = var / "development-secrets.json"
    if not path.exists():
        drawn = {
            "JWT_KEYS": f"dev:{secrets.token_hex(32)}",
            "ENCRYPTION_KEYS": f"dev:{secrets.token_hex(32)}",
            "LOOKUP_KEY": secrets.token_hex(32),
        }
        var.mkdir(parents=True, exist_ok=True)
        _create_private(path, json.dumps(drawn))
    try:
        known: dict[str, str] = json.loads(path.read_text())
    except ValueError as error:
        raise MisconfiguredError(f"{path} is spoilt: remove it, and new secrets are drawn.") from error
    return known


def _create_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by the owner; the first of two racing processes wins."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(text)
    draft.chmod(0o600)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
