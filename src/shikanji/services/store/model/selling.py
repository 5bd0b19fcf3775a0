"""Who sells, as a tax invoice names them."""

from shikanji.contracts.store import Seller
from shikanji.kit.india import STATES
from shikanji.services.store.model.store import Store


def seller_of(store: Store) -> Seller:
    address = store.address
    return Seller(
        store_id=store.id,
        store_code=store.code,
        name=store.name,
        legal_name=store.legal_name or store.name,
        gstin=store.gstin,
        fssai=store.fssai,
        line1=address.line1,
        line2=address.line2,
        city=address.city,
        state=address.state,
        state_code=STATES[address.state],
        postal_code=address.postal_code,
        phone=store.phone,
    )
