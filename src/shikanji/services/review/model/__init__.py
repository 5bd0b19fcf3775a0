"""The rules of reviews and ratings."""
