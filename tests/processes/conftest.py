import pytest

from tests.scaled import ScaledShop


@pytest.fixture
def shop(scaled_shop: ScaledShop) -> ScaledShop:
    """In this folder the platform runs as several processes."""
    return scaled_shop
