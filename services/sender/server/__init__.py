"""gRPC in and out: protobuf to values, one use case, result to response."""

from __future__ import annotations

from services.chassis.rpc import Servicer
from services.pb.sender.v1 import sender_pb2_grpc
from services.sender.ports import Privacy
from services.sender.server.credentials import CredentialsServer
from services.sender.server.delivery import DeliveryServer
from services.sender.server.messages import MessagesServer
from services.sender.server.privacy import PrivacyServer
from services.sender.usecases import Deliver, KeepCredentials, ListMessages

__all__ = ["CredentialsServer", "DeliveryServer", "MessagesServer", "PrivacyServer", "servicers"]


def servicers(
    deliver: Deliver, credentials: KeepCredentials, list_messages: ListMessages, privacy: Privacy
) -> list[Servicer]:
    """Sender's own services."""
    return [
        Servicer("pytake.sender.v1.Delivery", sender_pb2_grpc.add_DeliveryServicer_to_server, DeliveryServer(deliver)),
        Servicer(
            "pytake.sender.v1.Credentials",
            sender_pb2_grpc.add_CredentialsServicer_to_server,
            CredentialsServer(credentials),
        ),
        Servicer(
            "pytake.sender.v1.Messages",
            sender_pb2_grpc.add_MessagesServicer_to_server,
            MessagesServer(list_messages),
        ),
        Servicer("pytake.sender.v1.Privacy", sender_pb2_grpc.add_PrivacyServicer_to_server, PrivacyServer(privacy)),
    ]
