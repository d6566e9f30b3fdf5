import json
from pathlib import Path
from secrets import token_hex

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from foundation import settings as module
from foundation.settings import (
    GATEWAY,
    SECRETS,
    SHOP_IDENTITY,
    VECTOR_INDEX,
    MisconfiguredError,
    ShopSettings,
    load_settings,
)

GIVEN = {
    "JWT_KEYS": f"a:{token_hex(32)}",
    "ENCRYPTION_KEYS": f"a:{token_hex(32)}",
    "LOOKUP_KEY": token_hex(32),
    "AUTHORIZE_NET_LOGIN_ID": token_hex(8),
    "AUTHORIZE_NET_TRANSACTION_KEY": token_hex(8),
    "AUTHORIZE_NET_SIGNATURE_KEY": token_hex(64),
    "SHOP_ADDRESS": "1 Main Street, Austin, TX 78701",
    "SHOP_EMAIL": "hello@shop.test",
    "SHOP_URL": "https://shop.test",
}


PARTS = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, BaseSettings)]


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and no setting in the environment."""
    for name in {field.alias for part in PARTS for field in part.model_fields.values() if field.alias}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


class TestDefaults:
    def test_a_bare_machine_runs_embedded_under_var(self, tmp_path: Path) -> None:
        settings = load_settings()

        assert (
            settings.ledger.url
            == f"postgresql+psycopg://postgres@/postgres?host={tmp_path / 'var' / 'postgres'}"
        )
        assert settings.cache.url == f"unix://{tmp_path / 'var' / 'valkey' / 'valkey.sock'}"
        assert settings.models.anthropic_api_key is None
        assert not settings.is_production

    def test_settings_cannot_be_changed(self) -> None:
        settings = load_settings()

        with pytest.raises(ValidationError):
            settings.turn.model_calls = 99

    def test_what_is_given_goes_before_the_environment_and_that_before_dotenv(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Path(".env").write_text("# a comment\nPORT=1\nHOST='0.0.0.0'\nSHOP_NAME=Dotenv\n")
        monkeypatch.setenv("PORT", "2")
        monkeypatch.setenv("SHOP_NAME", "Environment")

        settings = load_settings(PORT="3")

        assert (settings.api.port, settings.api.host, settings.shop.name) == (3, "0.0.0.0", "Environment")  # noqa: S104

    def test_origins_are_a_comma_separated_list(self) -> None:
        settings = load_settings(CORS_ORIGINS="https://a.example, https://b.example")

        assert settings.api.cors_origins == ("https://a.example", "https://b.example")

    def test_links_lead_to_the_port_that_is_served(self) -> None:
        assert load_settings(PORT="9000").shop.url == "http://127.0.0.1:9000"
        assert load_settings(PORT="9000", SHOP_URL="https://shop.test").shop.url == "https://shop.test"

    def test_proxies_are_addresses_and_networks(self) -> None:
        settings = load_settings(TRUSTED_PROXIES="10.0.0.0/8, ::1")

        assert settings.api.trusted_proxies == ("10.0.0.0/8", "::1")
        assert load_settings().api.trusted_proxies == ("127.0.0.1",)


class TestSecrets:
    def test_development_draws_them_once_for_its_owner_only(self, tmp_path: Path) -> None:
        first, second = load_settings(), load_settings()

        assert first.auth.keys == second.auth.keys
        assert (tmp_path / "var" / "development-secrets.json").stat().st_mode & 0o777 == 0o600

    def test_a_secret_that_is_given_is_the_one_used(self) -> None:
        settings = load_settings(JWT_KEYS=GIVEN["JWT_KEYS"])

        assert settings.auth.keys.get_secret_value() == GIVEN["JWT_KEYS"]

    def test_they_do_not_show_when_printed(self) -> None:
        printed = repr(load_settings(**GIVEN, ANTHROPIC_API_KEY="sk-secret"))

        secrets = [GIVEN[name] for name in (*SECRETS, *GATEWAY)]
        assert not any(secret in printed for secret in [*secrets, "sk-secret"])

    @pytest.mark.parametrize("name", [*SECRETS, *GATEWAY, *SHOP_IDENTITY])
    def test_production_does_not_start_without_one(self, name: str) -> None:
        given = {key: value for key, value in GIVEN.items() if key != name}

        with pytest.raises(MisconfiguredError, match=f"^Set {name}: production does not start without it"):
            load_settings(APP_ENV="production", **given)

    @pytest.mark.parametrize("name", SHOP_IDENTITY)
    def test_production_does_not_start_with_a_made_up_shop(self, name: str) -> None:
        made_up = {field.alias: field.default for field in ShopSettings.model_fields.values()}

        with pytest.raises(MisconfiguredError, match=f"^Set {name}: "):
            load_settings(APP_ENV="production", **{**GIVEN, name: made_up[name]})

    def test_production_charges_no_cards_of_a_sandbox(self) -> None:
        with pytest.raises(MisconfiguredError, match=r"^PAYMENT_GATEWAY is not usable"):
            load_settings(APP_ENV="production", PAYMENT_GATEWAY="sandbox", **GIVEN)

    @pytest.mark.parametrize("given", VECTOR_INDEX)
    def test_pinecone_with_half_of_what_it_needs_is_not_reached(self, given: str) -> None:
        (lacking,) = set(VECTOR_INDEX) - {given}

        with pytest.raises(MisconfiguredError, match=f"^Set {lacking}: Pinecone is not reached without it"):
            load_settings(**{given: "pinecone-secret"})

    def test_pinecone_is_chosen_by_both_and_its_key_does_not_show(self) -> None:
        settings = load_settings(**dict.fromkeys(VECTOR_INDEX, "pinecone-secret"))

        assert settings.pinecone.is_chosen
        assert not load_settings().pinecone.is_chosen
        assert "pinecone-secret" not in repr(settings.pinecone.api_key)

    def test_gateway_with_half_its_credentials_is_not_reached(self) -> None:
        with pytest.raises(MisconfiguredError, match=r"^Set AUTHORIZE_NET_TRANSACTION_KEY"):
            load_settings(AUTHORIZE_NET_LOGIN_ID="login")

    def test_production_starts_with_all_of_them_and_writes_none(self, tmp_path: Path) -> None:
        assert load_settings(APP_ENV="production", **GIVEN).is_production
        assert not (tmp_path / "var").exists()

    def test_two_processes_that_start_together_draw_the_same(self, tmp_path: Path) -> None:
        (tmp_path / "var").mkdir()
        path = tmp_path / "var" / "development-secrets.json"
        path.write_text(json.dumps(GIVEN))

        assert load_settings().auth.keys.get_secret_value() == GIVEN["JWT_KEYS"]
        assert json.loads(path.read_text()) == GIVEN


class TestMistakes:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PORT", "http"),
            ("APP_ENV", "prod"),
            ("TURN_SECONDS", "0"),
            ("MODEL_EFFORT", "huge"),
            ("TRUSTED_PROXIES", "*"),
        ],
    )
    def test_the_setting_is_named_in_one_sentence(self, name: str, value: str) -> None:
        with pytest.raises(MisconfiguredError) as stop:
            load_settings(**{name: value})

        assert str(stop.value).startswith(f"{name} is not usable: ")
        assert "\n" not in str(stop.value)
