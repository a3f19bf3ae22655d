"""Attacks from outside: every method and every route against everybody who may not."""
