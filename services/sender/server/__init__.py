"""gRPC in and out: protobuf to values, one use case, result to response."""

from __future__ import annotations

from services.chassis.rpc import Servicer
from services.pb.sender.v1 import sender_pb2_grpc
from services.sender.ports import Privacy
from services.sender.server.credentials import CredentialsServer
from services.sender.server.delivery import DeliveryServer
from services.sender.server.messages import MessagesServer
from services.sender.server.numbers import NumbersServer
from services.sender.server.privacy import PrivacyServer
from services.sender.server.templates import TemplatesServer
from services.sender.usecases import Deliver, KeepCredentials, KeepNumbers, ListMessages
from services.sender.usecases.notices import HearNotices
from services.sender.usecases.templates import KeepTemplates

__all__ = [
    "CredentialsServer",
    "DeliveryServer",
    "MessagesServer",
    "NumbersServer",
    "PrivacyServer",
    "TemplatesServer",
    "servicers",
]


def servicers(
    deliver: Deliver,
    notices: HearNotices,
    credentials: KeepCredentials,
    numbers: KeepNumbers,
    templates: KeepTemplates,
    list_messages: ListMessages,
    privacy: Privacy,
) -> list[Servicer]:
    """Sender's own services."""
    return [
        Servicer(
            "pytake.sender.v1.Delivery",
            sender_pb2_grpc.add_DeliveryServicer_to_server,
            DeliveryServer(deliver, notices),
        ),
        Servicer(
            "pytake.sender.v1.Credentials",
            sender_pb2_grpc.add_CredentialsServicer_to_server,
            CredentialsServer(credentials),
        ),
        Servicer("pytake.sender.v1.Numbers", sender_pb2_grpc.add_NumbersServicer_to_server, NumbersServer(numbers)),
        Servicer(
            "pytake.sender.v1.Templates",
            sender_pb2_grpc.add_TemplatesServicer_to_server,
            TemplatesServer(templates),
        ),
        Servicer(
            "pytake.sender.v1.Messages",
            sender_pb2_grpc.add_MessagesServicer_to_server,
            MessagesServer(list_messages),
        ),
        Servicer("pytake.sender.v1.Privacy", sender_pb2_grpc.add_PrivacyServicer_to_server, PrivacyServer(privacy)),
    ]
