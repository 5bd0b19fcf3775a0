"""Settings from the environment (and a TOML file), as typed structs, with one clear error per wrong value."""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from shikanji.kit.errors import OperatorError
from shikanji.kit.web.wording import FORM, message

S = TypeVar("S", bound=msgspec.Struct)

PREFIX = "SHIKANJI_"
_ZONE = "a time zone such as Asia/Kolkata"
_ELSEWHERE = {"SHIKANJI_CONFIG", "SHIKANJI_FAILPOINT"}
"""Names read before or beside the structs."""


def require_zone(name: str) -> None:
    """Raises ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"must be {_ZONE}") from None


CHECK = "check"
"""In a field's `Meta(extra={...})`: what refuses (ValueError) what its type does not."""
TimeZone = Annotated[str, msgspec.Meta(extra={FORM: _ZONE, CHECK: require_zone})]


class SettingsError(OperatorError):
    """Everything that is wrong with the settings, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Source:
    """Where values come from: the environment wins over the file that SHIKANJI_CONFIG names, which spells
    `SHIKANJI_ORDER_PAYMENT_WINDOW_MINUTES` as `payment_window_minutes` in a table `[order]`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._values: dict[str, Any] = {}
        self._known: set[str] = set(_ELSEWHERE)
        self._problems: list[str] = []
        self._read_file(environment.get("SHIKANJI_CONFIG"))
        self._values.update({name: text for name, text in environment.items() if name.startswith(PREFIX)})

    def fill(self, kind: type[S], section: str = "") -> S:
        """`kind` with each field from `SHIKANJI_[<SECTION>_]<FIELD>` where that is set, else its default. What is wrong
        is kept for `check`; the struct then has its defaults."""
        given: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            name = "_".join(filter(None, (PREFIX[:-1], section.upper(), field.name.upper())))
            self._known.add(name)
            if name in self._values:
                self._take(given, field, name)
        return kind(**given)

    def check(self, *, of_others: bool = False) -> None:
        """Raises SettingsError with all wrong values and unknown names that `fill` has met; names are not unknown that
        may be those `of_others`, who have not been asked."""
        unknown = [] if of_others else sorted(set(self._values) - self._known)
        problems = self._problems + [self._unknown(name) for name in unknown]
        if problems:
            raise SettingsError(problems)

    def _take(self, given: dict[str, Any], field: msgspec.structs.FieldInfo, name: str) -> None:
        try:
            value = msgspec.convert(_listed(self._values[name], field.type), field.type, strict=False)
            _check(value, field.type)
        except (msgspec.ValidationError, ValueError) as wrong:
            said = message(wrong, field.type) if isinstance(wrong, msgspec.ValidationError) else str(wrong)
            self._problems.append(f"{name}: {said}; it is set to {_shown(name, self._values[name])}")
        else:
            given[field.name] = value

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._known, n=1)
        return f"{name}: there is no such setting" + (f"; did you mean {near[0]}?" if near else "")

    def _read_file(self, path: str | None) -> None:
        if path is None:
            return
        try:
            content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
            self._problems.append(f"SHIKANJI_CONFIG: cannot read {path}: {wrong}")
            return
        for name, value in content.items():
            table = value if isinstance(value, dict) else {"": value}
            for key, inner in table.items():
                self._values["_".join(filter(None, (PREFIX[:-1], name.upper(), key.upper())))] = inner


def _check(value: Any, kind: Any) -> None:
    for meta in getattr(kind, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra and CHECK in meta.extra:
            meta.extra[CHECK](value)


def _listed(value: Any, kind: Any) -> Any:
    """`a, b` for a list field means two values."""
    if isinstance(value, str) and getattr(kind, "__origin__", None) in (list, tuple):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _shown(name: str, value: Any) -> str:
    secret = any(word in name for word in ("SECRET", "PASSWORD", "URL", "KEY"))
    return "a value that is not shown" if secret else repr(value)[:60]
