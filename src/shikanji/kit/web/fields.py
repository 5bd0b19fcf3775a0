"""Types of fields that many bodies share, with their limits and their documentation."""

from typing import Annotated

import msgspec

UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

Id = Annotated[
    str,
    msgspec.Meta(
        pattern=UUID_PATTERN,
        min_length=36,
        max_length=36,
        extra_json_schema={"format": "uuid"},
        extra={"form": "a UUID in lower case"},
    ),
]
"""A UUID in its canonical lower-case form."""

Paise = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
"""An amount in paise, zero or more."""
