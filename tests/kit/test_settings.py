from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from shikanji.kit.settings import SettingsError, Source, TimeZone


class Shop(msgspec.Struct, frozen=True):
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8_000
    mode: Literal["demo", "production"] = "demo"
    origins: list[str] = []
    secret: Annotated[str, msgspec.Meta(min_length=32)] | None = None


class Place(msgspec.Struct, frozen=True):
    zone: TimeZone = "Asia/Kolkata"


def test_what_is_not_set_has_its_default() -> None:
    source = Source({})

    assert source.fill(Shop) == Shop()
    source.check()


def test_a_section_stands_between_the_prefix_and_the_field() -> None:
    source = Source({"SHIKANJI_SHOP_PORT": "9000", "SHIKANJI_SHOP_ORIGINS": "https://a.test, https://b.test"})

    assert source.fill(Shop, "shop") == Shop(port=9_000, origins=["https://a.test", "https://b.test"])


def test_every_wrong_value_is_named_with_what_is_allowed() -> None:
    source = Source({"SHIKANJI_PORT": "99999", "SHIKANJI_MODE": "prod"})
    source.fill(Shop)

    with pytest.raises(SettingsError) as refused:
        source.check()

    assert [problem.split(":")[0] for problem in refused.value.problems] == ["SHIKANJI_PORT", "SHIKANJI_MODE"]
    assert "at most 65535" in refused.value.problems[0]


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "Asia"])
def test_a_time_zone_is_one_before_anything_starts(name: str) -> None:
    source = Source({"SHIKANJI_ZONE": name})
    source.fill(Place)

    with pytest.raises(SettingsError, match="SHIKANJI_ZONE: must be a time zone"):
        source.check()


def test_an_unknown_name_is_refused_and_the_near_one_offered() -> None:
    source = Source({"SHIKANJI_PROT": "1"})
    source.fill(Shop)

    with pytest.raises(SettingsError, match="did you mean SHIKANJI_PORT"):
        source.check()


def test_a_secret_value_is_not_shown_in_its_error() -> None:
    source = Source({"SHIKANJI_SECRET": "hunter2"})
    source.fill(Shop)

    with pytest.raises(SettingsError) as refused:
        source.check()

    assert "hunter2" not in str(refused.value)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shikanji.toml"
    file.write_text('mode = "production"\n[shop]\nport = 1\n')
    source = Source({"SHIKANJI_CONFIG": str(file), "SHIKANJI_SHOP_PORT": "2"})

    assert source.fill(Shop).mode == "production"
    assert source.fill(Shop, "shop").port == 2
    source.check()


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    source = Source({"SHIKANJI_CONFIG": str(tmp_path / "absent.toml")})

    with pytest.raises(SettingsError, match="cannot read"):
        source.check()
