"""How events, facts and figures are stored and found."""
