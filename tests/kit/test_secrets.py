import stat
from pathlib import Path

import pytest

from shikanji.kit.secrets import DerivedSecrets, read_or_make_secret


def test_a_purpose_has_one_key_and_another_purpose_another() -> None:
    one, same = DerivedSecrets(b"s" * 32), DerivedSecrets(b"s" * 32)

    assert one.derive("otp") == same.derive("otp")
    assert one.derive("otp") != one.derive("refresh")
    assert len(one.derive("otp")) == 32


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        DerivedSecrets(b"short")


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"

    first = read_or_make_secret(path)

    assert read_or_make_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
