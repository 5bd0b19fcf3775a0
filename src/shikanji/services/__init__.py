"""The nine rooms: each owns its data and knows no other."""
