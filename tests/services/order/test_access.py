"""This room's part of tests/house/authorization.yaml, cell by cell."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shikanji.services.order import service
from tests.services.order.makers import CUSTOMER
from tests.services.order.test_routes import BODY, open_edge

TABLE: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "house" / "authorization.yaml").read_text()
)
OURS = {route.name: TABLE.get(route.name, {}) for route in service.routes.all}
BODIES: dict[str, Any] = {
    "POST /api/v1/orders": BODY,
    "PUT /api/v1/orders/{id}/status": {"status": "preparing"},
    "POST /api/v1/orders/{id}/cancel": {"reason": "no"},
    "PUT /api/v1/orders/{id}/assignment": {"cookId": None},
    "POST /api/v1/orders/{id}/tracking": {"latitude": 12.9, "longitude": 77.6},
}


@pytest.mark.parametrize("name", OURS)
async def test_every_cell_is_as_it_stands_in_the_table(tmp_path: Path, name: str) -> None:
    method, path = name.split()
    async with open_edge(tmp_path, rate_limits=False) as edge:
        assert len(OURS[name]) == 10
        for principal, expected in OURS[name].items():
            order_id = (await edge.place(paymentMethod="cod"))["id"]
            token = None if principal == "anonymous" else principal
            url = path.replace("{id}", order_id).replace("{customerId}", CUSTOMER)

            status = (await edge.ask(token, method, url, BODIES.get(name))).status

            assert status not in (401, 403, 404) if expected == "allow" else status == expected, principal
