"""Journeys: a webhook in, a Graph call out, over all five processes of a running house."""
