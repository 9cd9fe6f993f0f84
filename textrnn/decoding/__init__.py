"""Choosing what comes next."""
