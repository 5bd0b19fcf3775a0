"""Orders, events in any order, counts of the shelf and releases at random: the books add up after every step, and in
the end every order has what its own story says."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shikanji.contracts.order import OrderStatus
from shikanji.kit.errors import Conflict
from shikanji.kit.events import Event
from shikanji.services.inventory import actions, service
from shikanji.services.inventory.actions.stock import Adjustment
from shikanji.services.inventory.errors import BelowZero
from tests.kit.databases import OpenDatabase, open_database
from tests.services.inventory import makers
from tests.services.inventory.books import check_books, counts, hear, state_of
from tests.services.inventory.makers import (
    DHOKLA,
    SAMOSA,
    SHIKANJI,
    STORE,
    cancelled,
    confirmed,
    created,
    hold,
    number,
    preparing,
)

PRODUCTS = (SHIKANJI, SAMOSA, DHOKLA)
BASKETS = st.lists(st.tuples(st.sampled_from(PRODUCTS), st.integers(1, 4)), min_size=1, max_size=4)
ANY = st.integers(0, 1_000)

# What the newest hold of an order may come to, by what the order itself came to.
ENDS = {
    "placing": {"active", "released"},
    "refused": {"released"},
    "pending": {"tied", "broken"},
    "confirmed": {"sold", "broken"},
    "preparing": {"sold"},
    "cancelled while pending": {"cancelled"},
    "cancelled after confirming": {"returned", "cancelled"},
    "cancelled while being made": {"returned"},
}


class Story:
    """What the order service did with one order, and which of its events are still on their way."""

    def __init__(self, basket: list[tuple[str, int]]) -> None:
        self.id = number()
        self.basket = basket
        self.status = "placing"
        self.attempt = 1
        self.on_the_way: list[Event] = []
        self.arrived: list[Event] = []


class StockMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stories: list[Story] = []
        self.folder = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.opening = open_database(service, Path(self.folder.name), now=makers.NOON)
        self.base: OpenDatabase = self.runner.run(self.opening.__aenter__())

    @initialize()
    def open_the_shop(self) -> None:
        self.write(makers.open_shop, 12, 4)

    @rule(basket=BASKETS)
    def a_customer_orders(self, basket: list[tuple[str, int]]) -> None:
        story = Story(basket)
        self.stories.append(story)
        if not self.take(story, 1):
            self.refuse(story)

    @precondition(lambda self: self.of("placing"))
    @rule(which=ANY)
    def the_order_asks_again(self, which: int) -> None:
        story = self.pick(which, "placing")
        if not self.take(story, 1):
            self.refuse(story)

    @precondition(lambda self: self.of("placing"))
    @rule(which=ANY)
    def the_order_is_refused(self, which: int) -> None:
        self.refuse(self.pick(which, "placing"))

    @precondition(lambda self: self.of("placing"))
    @rule(which=ANY)
    def the_order_is_placed(self, which: int) -> None:
        story = self.pick(which, "placing")
        self.happened(story, "pending", created(story.id, *story.basket))

    @precondition(lambda self: self.of("pending"))
    @rule(which=ANY)
    def it_is_paid(self, which: int) -> None:
        story = self.pick(which, "pending")
        self.happened(story, "confirmed", confirmed(story.id))

    @precondition(lambda self: self.of("pending"))
    @rule(which=ANY)
    def it_is_not_paid_in_time(self, which: int) -> None:
        self.cancel(self.pick(which, "pending"), "cancelled while pending", "pending")

    @precondition(lambda self: self.of("confirmed"))
    @rule(which=ANY)
    def it_is_cancelled_though_paid(self, which: int) -> None:
        self.cancel(self.pick(which, "confirmed"), "cancelled after confirming", "confirmed")

    @precondition(lambda self: self.of("confirmed"))
    @rule(which=ANY)
    def the_kitchen_begins(self, which: int) -> None:
        story = self.pick(which, "confirmed")
        self.happened(story, "preparing", preparing(story.id))

    @precondition(lambda self: self.of("preparing"))
    @rule(which=ANY)
    def it_is_cancelled_though_begun(self, which: int) -> None:
        self.cancel(self.pick(which, "preparing"), "cancelled while being made", "preparing")

    @precondition(lambda self: self.of("cancelled while pending"))
    @rule(which=ANY)
    def money_comes_late(self, which: int) -> None:
        story = self.pick(which, "cancelled while pending")
        if story.attempt == 1 and self.take(story, 2):
            story.attempt = 2
            self.happened(story, "confirmed", confirmed(story.id, attempt=2))

    @precondition(lambda self: any(story.on_the_way for story in self.stories))
    @rule(which=ANY, event=ANY)
    def an_event_arrives(self, which: int, event: int) -> None:
        waiting = [story for story in self.stories if story.on_the_way]
        story = waiting[which % len(waiting)]
        self.deliver(story, story.on_the_way.pop(event % len(story.on_the_way)))

    @precondition(lambda self: any(story.arrived for story in self.stories))
    @rule(which=ANY, event=ANY)
    def an_event_arrives_again(self, which: int, event: int) -> None:
        known = [story for story in self.stories if story.arrived]
        story = known[which % len(known)]
        self.deliver(story, story.arrived[event % len(story.arrived)])

    @rule(product_id=st.sampled_from(PRODUCTS), delta=st.integers(-8, 8))
    def the_shelf_is_counted(self, product_id: str, delta: int) -> None:
        wanted = Adjustment(store_id=STORE, product_id=product_id, delta=delta, reason="counted", by="ravi")
        before = counts(self.base, product_id)[0]
        try:
            self.write(actions.adjust_stock, wanted)
        except BelowZero:
            assert before + delta < 0
        else:
            assert counts(self.base, product_id)[0] == before + delta

    @invariant()
    def the_books_add_up(self) -> None:
        check_books(self.base)

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.runner.run(self.opening.__aexit__(None, None, None))
            self.runner.close()
            self.folder.cleanup()

    def settle(self) -> None:
        for story in self.stories:
            for event in story.on_the_way:
                self.deliver(story, event)
        check_books(self.base)
        for story in self.stories:
            assert state_of(self.base, story.id, story.attempt) in ENDS[story.status], story.status

    def of(self, status: str) -> list[Story]:
        return [story for story in self.stories if story.status == status]

    def pick(self, which: int, status: str) -> Story:
        stories = self.of(status)
        return stories[which % len(stories)]

    def take(self, story: Story, attempt: int) -> bool:
        self.base.clock.advance(1)
        try:
            self.write(actions.hold_stock, hold(story.id, *story.basket, attempt=attempt), None)
        except Conflict:
            self.write(actions.release_hold, story.id, attempt)
            return False
        return True

    def refuse(self, story: Story) -> None:
        story.status = "refused"
        self.write(actions.release_hold, story.id, 1)

    def cancel(self, story: Story, status: str, previous: OrderStatus) -> None:
        event = cancelled(story.id, *story.basket, previous=previous, attempt=story.attempt)
        self.happened(story, status, event)

    def happened(self, story: Story, status: str, event: Event) -> None:
        story.status = status
        story.on_the_way.append(event)

    def deliver(self, story: Story, event: Event) -> None:
        self.write(hear, event)
        story.arrived.append(event)

    def write(self, fn: Any, *args: Any) -> Any:
        return self.runner.run(self.base.write(fn, *args))


TestStock = StockMachine.TestCase
TestStock.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
