"""The settings of a whole process: read once, all wrong ones told at once, and production refuses what a demo needs."""

from pathlib import Path

import pytest

from shikanji.configuration import Configuration, PlatformSettings
from shikanji.gateway.settings import GatewaySettings
from shikanji.house import SERVICES, services_of, settings_kinds
from shikanji.kit import failpoints
from shikanji.kit.settings import SettingsError

PRODUCTION = {
    "SHIKANJI_MODE": "production",
    "SHIKANJI_SECRET": "a line of at least 32 random characters",
    "SHIKANJI_SMTP_URL": "smtp://mail.example.in",
    "SHIKANJI_PUBLIC_URL": "https://order.example.in",
}


def configure(**environment: str) -> Configuration:
    return Configuration(environment, settings_kinds())


def problems(**environment: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        configure(**environment)
    return refused.value.problems


def test_without_settings_a_demo_runs_on_files_on_this_machine_only() -> None:
    settings = configure().platform

    assert settings == PlatformSettings()
    assert (settings.mode, settings.host, settings.port) == ("demo", "127.0.0.1", 8_000)
    assert settings.embedded
    assert settings.database_template == f"sqlite:///{Path('data').resolve()}/{{service}}.db"


def test_each_part_has_a_section_of_its_own() -> None:
    configuration = configure(SHIKANJI_GATEWAY_ANONYMOUS_PER_MINUTE="7", SHIKANJI_PORT="9000")

    assert configuration.platform.port == 9_000
    assert configuration.services["gateway"] == GatewaySettings(anonymous_per_minute=7)
    assert set(configuration.services) == {*(service.name for service in SERVICES), "sandbox", "gateway", "bus"}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("SHIKANJI_MODE", "live", "must be one of demo, production"),
        ("SHIKANJI_PORT", "65536", "must be at most 65535"),
        ("SHIKANJI_PORT", "http", "must be a whole number"),
        ("SHIKANJI_DATA_DIR", "", "must not be empty"),
        ("SHIKANJI_PUBLIC_URL", "order.example.in", "must be an address without a path, such as https://"),
        ("SHIKANJI_PUBLIC_URL", "https://order.example.in/shop", "must be an address without a path"),
        ("SHIKANJI_DATABASE_URL", "mysql://host/{service}", "sqlite:///folder/{service}.db or postgresql://"),
        ("SHIKANJI_DATABASE_URL", "postgresql://host/all", "must be a URL with {service} in it"),
        ("SHIKANJI_BUS_URL", "kafka://host", "must be local: or a URL: nats://"),
        ("SHIKANJI_CACHE_URL", "memcached://host", "must be memory: or a URL: valkey://"),
        ("SHIKANJI_COPIES", "order", "must be services with their addresses: order=http://"),
        ("SHIKANJI_COPIES", "order=10.0.0.5:9001", "must be services with their addresses"),
        ("SHIKANJI_COPIES", "order=http://10.0.0.5:9001/api", "must be services with their addresses"),
        ("SHIKANJI_FILES_URL", "ftp://host", "must be a URL: file://"),
        ("SHIKANJI_SMTP_URL", "mail.example.in", "must be a URL: smtp://"),
        ("SHIKANJI_MAIL_FROM", "orders", "must be a mail address"),
        ("SHIKANJI_SECRET", "short", "must have at least 32 characters"),
        ("SHIKANJI_RATE_LIMITS", "no", "must be one of off, on"),
        ("SHIKANJI_GATEWAY_REQUEST_LOG", "maybe", "must be true or false"),
        ("SHIKANJI_GATEWAY_HEALTH_SECONDS", "0", "must be more than 0"),
        ("SHIKANJI_ORDER_PAYMENT_WINDOW_MINUTES", "0", "must be at least"),
    ],
)
def test_a_wrong_value_is_refused_by_name_with_what_is_allowed(name: str, value: str, allowed: str) -> None:
    (problem,) = problems(**{name: value})

    assert problem.startswith(f"{name}: ")
    assert allowed in problem


@pytest.mark.parametrize("name", ["SHIKANJI_SECRET", "SHIKANJI_DATABASE_URL", "SHIKANJI_SMTP_URL"])
def test_what_may_hold_a_password_is_never_shown(name: str) -> None:
    (problem,) = problems(**{name: "hunter2"})

    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SHIKANJI_PROT", "SHIKANJI_PORT"),
        ("SHIKANJI_DATADIR", "SHIKANJI_DATA_DIR"),
        ("SHIKANJI_ORDER_PAYMENT_WINDOW_MINUTS", "SHIKANJI_ORDER_PAYMENT_WINDOW_MINUTES"),
    ],
)
def test_an_unknown_name_is_refused_and_the_meant_one_offered(name: str, meant: str) -> None:
    assert problems(**{name: "1"}) == [f"{name}: there is no such setting; did you mean {meant}?"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    told = problems(SHIKANJI_PORT="x", SHIKANJI_MODE="live", SHIKANJI_GATEWAY_ANONYMOUS_PER_MINUTE="0", SHIKANJI_X="1")

    assert [problem.partition(":")[0] for problem in told] == [
        "SHIKANJI_MODE",
        "SHIKANJI_PORT",
        "SHIKANJI_GATEWAY_ANONYMOUS_PER_MINUTE",
        "SHIKANJI_X",
    ]


def test_a_file_sets_what_the_environment_does_not(tmp_path: Path) -> None:
    file = tmp_path / "shikanji.toml"
    file.write_text('port = 9000\nhost = "::1"\n[gateway]\nallowed_origins = ["https://admin.example.in"]\n')

    configuration = configure(SHIKANJI_CONFIG=str(file), SHIKANJI_PORT="9001")

    assert (configuration.platform.host, configuration.platform.port) == ("::1", 9_001)
    assert configuration.services["gateway"] == GatewaySettings(allowed_origins=("https://admin.example.in",))


def test_production_with_all_it_needs_has_neither_sandbox_nor_demo() -> None:
    settings = configure(**PRODUCTION).platform

    assert settings.production
    assert "sandbox" not in {service.name for service in services_of(settings)}


@pytest.mark.parametrize("missing", ["SHIKANJI_SECRET", "SHIKANJI_SMTP_URL", "SHIKANJI_PUBLIC_URL"])
def test_production_does_not_start_without(missing: str) -> None:
    (problem,) = problems(**{name: value for name, value in PRODUCTION.items() if name != missing})

    assert problem.startswith(f"{missing} must be set in production")


def test_production_refuses_to_lift_the_limits() -> None:
    (problem,) = problems(**PRODUCTION, SHIKANJI_RATE_LIMITS="off")

    assert "SHIKANJI_RATE_LIMITS=off" in problem


def test_production_refuses_an_armed_failpoint() -> None:
    failpoints.arm("order.place.before_commit")
    try:
        (problem,) = problems(**PRODUCTION)
    finally:
        failpoints.arm("")

    assert "SHIKANJI_FAILPOINT" in problem


def test_files_lie_in_the_data_folder_unless_another_place_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"

    assert configure(SHIKANJI_DATA_DIR=str(folder)).platform.files_place == f"{folder.as_uri()}/files"
    assert configure(SHIKANJI_FILES_URL="s3://media").platform.files_place == "s3://media"


@pytest.mark.parametrize("set_alone", ["SHIKANJI_S3_ACCESS_KEY", "SHIKANJI_S3_SECRET_KEY"])
def test_half_a_key_is_refused_and_not_shown(set_alone: str) -> None:
    (problem,) = problems(**{set_alone: "half"})

    assert "belong together" in problem
    assert "half" not in problem


@pytest.mark.parametrize(
    ("endpoint", "refused"),
    [
        ("http://s3.example.in", True),
        ("http://127.0.0.1.example.in:8333", True),
        ("https://s3.example.in", False),
        ("http://127.0.0.1:8333", False),
    ],
)
def test_production_sends_files_in_the_clear_on_this_machine_only(endpoint: str, refused: bool) -> None:
    environment = {**PRODUCTION, "SHIKANJI_S3_ENDPOINT": endpoint}

    if refused:
        assert problems(**environment) == [
            "SHIKANJI_S3_ENDPOINT must be https in production, unless it is on this machine"
        ]
    else:
        assert configure(**environment).platform.s3.endpoint == endpoint


def test_production_does_not_keep_files_in_memory() -> None:
    (problem,) = problems(**PRODUCTION, SHIKANJI_FILES_URL="memory://")

    assert problem == "SHIKANJI_FILES_URL=memory:// is for tests and is refused in production"
