"""The rules of accounts, sessions and what a customer keeps with us: no I/O, no clock."""
