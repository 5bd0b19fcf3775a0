"""The ordering platform of an Indian drinks and food chain."""
