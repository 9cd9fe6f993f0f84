"""Numbers that mean something: each value with its protocol."""
