"""Storms: the house under load while its processes are killed."""
