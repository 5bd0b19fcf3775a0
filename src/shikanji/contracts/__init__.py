"""The published language: the events and calls of every service. Contracts only grow."""
