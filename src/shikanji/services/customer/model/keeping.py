"""What a customer keeps with us: addresses with one default, preferences, favourites."""

from typing import Literal

import msgspec

from shikanji.contracts.customer import AddressAdded
from shikanji.services.customer.errors import AddressNotFound, TooManyAddresses
from shikanji.services.customer.identity import clean_text

AddressLabel = Literal["home", "work", "other"]
Spice = Literal["mild", "medium", "hot"]
Dietary = Literal["vegetarian", "vegan", "jain", "gluten-free", "nut-free"]
MessageChannel = Literal["email", "sms", "push", "in-app"]

MICRODEGREES = 1_000_000


def default_channels() -> list[MessageChannel]:
    return ["email", "sms"]


class AddressDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Latitude and longitude in degrees."""

    label: AddressLabel
    line1: str
    line2: str | None
    landmark: str | None
    city: str
    state: str
    postal_code: str
    latitude: float | None
    longitude: float | None
    is_default: bool

    def cleaned(self) -> "AddressDetails":
        return msgspec.structs.replace(
            self,
            line1=clean_text(self.line1, "line1"),
            line2=_cleaned(self.line2, "line2"),
            landmark=_cleaned(self.landmark, "landmark"),
            city=clean_text(self.city, "city"),
            state=clean_text(self.state, "state"),
        )


class SavedAddress(msgspec.Struct, kw_only=True):
    id: str
    customer_id: str
    details: AddressDetails
    version: int = 1

    @property
    def is_default(self) -> bool:
        return self.details.is_default


class AddressBook:
    """All addresses of one customer. Exactly one is the default, unless there is none at all."""

    def __init__(self, customer_id: str, addresses: list[SavedAddress], size_max: int) -> None:
        self._customer_id = customer_id
        self.addresses = addresses
        self._size_max = size_max

    def add(self, id: str, details: AddressDetails) -> tuple[SavedAddress, AddressAdded]:
        """The first becomes the default, whatever is asked."""
        if len(self.addresses) >= self._size_max:
            raise TooManyAddresses(f"keep at most {self._size_max} addresses")
        address = SavedAddress(id=id, customer_id=self._customer_id, details=details.cleaned())
        self.addresses.append(address)
        self._settle_default(address)
        added = AddressAdded(customer_id=self._customer_id, address_id=id, postal_code=details.postal_code)
        return address, added

    def update(self, address_id: str, details: AddressDetails) -> SavedAddress:
        address = self.find(address_id)
        address.details = details.cleaned()
        address.version += 1
        self._settle_default(address)
        return address

    def remove(self, address_id: str) -> SavedAddress:
        """The newest of the others becomes the default when the default goes."""
        address = self.find(address_id)
        self.addresses.remove(address)
        self._settle_default(self.addresses[-1] if self.addresses else None)
        return address

    def find(self, address_id: str) -> SavedAddress:
        for address in self.addresses:
            if address.id == address_id:
                return address
        raise AddressNotFound

    def _settle_default(self, touched: SavedAddress | None) -> None:
        """`touched` wins when it wants to be the default; somebody always is."""
        if touched is None:
            return
        if not touched.is_default and any(address.is_default for address in self.addresses):
            return
        for address in self.addresses:
            _set_default(address, address is touched)


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """Marketing is off until a customer turns it on."""

    spice: Spice | None = None
    dietary: list[Dietary] = []
    categories: list[str] = []
    channels: list[MessageChannel] = msgspec.field(default_factory=default_channels)
    marketing: bool = False

    def cleaned(self) -> "Preferences":
        """Lists without repetitions, in the order given."""
        return msgspec.structs.replace(
            self,
            dietary=list(dict.fromkeys(self.dietary)),
            categories=list(dict.fromkeys(clean_text(name, "categories") for name in self.categories)),
            channels=list(dict.fromkeys(self.channels)),
        )


class KeptPreferences(msgspec.Struct, frozen=True, kw_only=True):
    """`version` 0: never changed. `marketing_since`: when consent was given (µs)."""

    preferences: Preferences
    version: int
    marketing_since: int | None

    def replaced_by(self, preferences: Preferences, at: int) -> "KeptPreferences":
        preferences = preferences.cleaned()
        if not preferences.marketing:
            since = None
        else:
            since = self.marketing_since if self.marketing_since is not None else at
        return KeptPreferences(preferences=preferences, version=self.version + 1, marketing_since=since)


class Favourite(msgspec.Struct, frozen=True):
    product_id: str
    added_at: int


def _cleaned(text: str | None, field: str) -> str | None:
    return clean_text(text, field) if text and text.strip() else None


def _set_default(address: SavedAddress, is_default: bool) -> None:
    if address.details.is_default != is_default:
        address.details = msgspec.structs.replace(address.details, is_default=is_default)
        address.version += 1
