"""The rules of messages: who is told what on which way, and when."""
