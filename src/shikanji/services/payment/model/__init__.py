"""The rules of paying and giving back."""
