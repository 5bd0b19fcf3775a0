"""The deterministic arm: whole days at the shop, of which every step, every accident and every moment comes from one
number. `python -m tests.simulation --seed 1234 --verbose` shows one of them again, step by step."""
