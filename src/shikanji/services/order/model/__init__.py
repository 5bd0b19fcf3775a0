"""What an order is and what may happen to it: pure. Time, ids and what others said come in."""
