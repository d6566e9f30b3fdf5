"""Read the settings once: from arguments, the environment and `.env`, with secrets drawn in development."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from foundation.settings.models import (
    ApiSettings,
    AuthSettings,
    CacheSettings,
    CheckoutSettings,
    CryptoSettings,
    FraudSettings,
    LedgerSettings,
    LogSettings,
    MailSettings,
    ModelSettings,
    PaymentSettings,
    PineconeSettings,
    RaffleSettings,
    ReorderSettings,
    Settings,
    ShopSettings,
    TurnSettings,
    WarehouseSettings,
)

SECRETS = ("JWT_KEYS", "ENCRYPTION_KEYS", "LOOKUP_KEY")
"""`JWT_KEYS` and `ENCRYPTION_KEYS` are key rings: `kid:hex[,kid:hex…]`, the first one signs or seals."""

GATEWAY = ("AUTHORIZE_NET_LOGIN_ID", "AUTHORIZE_NET_TRANSACTION_KEY", "AUTHORIZE_NET_SIGNATURE_KEY")
"""What the card gateway needs; without these, development charges the cards of a sandbox."""
VECTOR_INDEX = ("PINECONE_HOST", "PINECONE_API_KEY")
"""What Pinecone needs; without these, past turns are searched for in this machine's memory and files."""
SHOP_IDENTITY = ("SHOP_ADDRESS", "SHOP_EMAIL", "SHOP_URL")
"""What customers read in e-mails; development has placeholders, with which production does not start."""


class MisconfiguredError(Exception):
    """Settings with which the program must not start; the message is one sentence."""


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
    if values.get("APP_ENV") == "production":
        _check_complete(values)
    var = Path(str(values.get("VAR_DIR", "var")))
    embedded = {
        "DATABASE_URL": embedded_database_url(var),
        "REDIS_URL": embedded_redis_url(var),
        "WAREHOUSE_DIR": var / "warehouse",
        "MAIL_DIR": var / "outbox",
        "SHOP_URL": f"http://127.0.0.1:{values.get('PORT', 8080)}",
    }
    values = {**embedded, **values}
    if any(not values.get(name) for name in SECRETS):
        values = {**_development_secrets(var), **values}
    _check_gateway(values)
    _check_vector_index(values)
    try:
        return _assemble(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else error.title
        raise MisconfiguredError(f"{name} is not usable: {first['msg']}.") from error


def _check_complete(values: Mapping[str, Any]) -> None:
    """For production."""
    if values.get("PAYMENT_GATEWAY") == "sandbox":
        raise MisconfiguredError("PAYMENT_GATEWAY is not usable: production charges no cards of a sandbox.")
    made_up = {field.alias: field.default for field in ShopSettings.model_fields.values()}
    lacking = [name for name in (*SECRETS, *GATEWAY) if not values.get(name)]
    lacking += [name for name in SHOP_IDENTITY if values.get(name) in (None, "", made_up[name])]
    if lacking:
        raise MisconfiguredError(f"Set {lacking[0]}: production does not start without it.")


def _check_gateway(values: Mapping[str, Any]) -> None:
    wanted = values.get("PAYMENT_GATEWAY")
    lacking = [name for name in GATEWAY if not values.get(name)]
    if lacking and wanted != "sandbox" and (wanted or len(lacking) < len(GATEWAY)):
        raise MisconfiguredError(f"Set {lacking[0]}: the card gateway is not reached without it.")


def _check_vector_index(values: Mapping[str, Any]) -> None:
    lacking = [name for name in VECTOR_INDEX if not values.get(name)]
    if len(lacking) == 1:
        raise MisconfiguredError(f"Set {lacking[0]}: Pinecone is not reached without it.")


def _assemble(values: dict[str, Any]) -> Settings:
    return Settings(
        APP_ENV=values.get("APP_ENV", "development"),
        VAR_DIR=Path(values.get("VAR_DIR", "var")),
        ledger=LedgerSettings(**values),
        cache=CacheSettings(**values),
        warehouse=WarehouseSettings(**values),
        mail=MailSettings(**values),
        log=LogSettings(**values),
        auth=AuthSettings(**values),
        crypto=CryptoSettings(**values),
        models=ModelSettings(**values),
        pinecone=PineconeSettings(**values),
        turn=TurnSettings(**values),
        api=ApiSettings(**values),
        shop=ShopSettings(**values),
        raffles=RaffleSettings(**values),
        fraud=FraudSettings(**values),
        reorder=ReorderSettings(**values),
        payments=PaymentSettings(**values),
        checkout=CheckoutSettings(**values),
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
