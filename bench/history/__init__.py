"""A platform's long history, made in minutes: a few customers live through the real platform on a clock in the past,
and what they left in the databases is copied for as many others as are wanted, with other ids, at other times.

So a history follows every change of the schema by itself. What sums over all customers is the exception: `rules.py`
says for each such table how it follows from the others, and a table that it does not know stops the making."""
