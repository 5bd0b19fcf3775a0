"""The rules of stores: pure, no SQL, no clock of their own."""
