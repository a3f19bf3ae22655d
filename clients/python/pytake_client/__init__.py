"""Calls of PyTake's services: signed, with a deadline, and with PyTake's reasons in place of bare gRPC errors."""

from pytake_client.room import Refused, Room, organization_of

__all__ = ["Refused", "Room", "organization_of"]
