"""Attacks on the walls between organizations, callers, secrets and input."""
