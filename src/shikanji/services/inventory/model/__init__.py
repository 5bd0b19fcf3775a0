"""The rules of catalogue and stock: pure, no SQL, no clock of their own."""
