"""protobuf ⇄ domain: request to values, one use case, result to response."""

from __future__ import annotations

from services.chassis.rpc import Servicer
from services.pb.sender.v1 import sender_pb2_grpc
from services.sender.ports import Privacy
from services.sender.server.credentials import CredentialsServer
from services.sender.server.delivery import DeliveryServer
from services.sender.server.health import HealthServer
from services.sender.server.media import MediaServer
from services.sender.server.messages import MessageServiceServer, written
from services.sender.server.numbers import NumbersServer
from services.sender.server.privacy import PrivacyServer
from services.sender.server.received_media import ReceivedMediaServer
from services.sender.server.templates import TemplatesServer
from services.sender.server.webhooks import WebhooksServer
from services.sender.usecases import Deliver, KeepCredentials, KeepNumbers
from services.sender.usecases.deleting_media import DeleteMedia
from services.sender.usecases.health import TellHealth
from services.sender.usecases.media import KeepMedia
from services.sender.usecases.notices import HearNotices
from services.sender.usecases.proving import ProveNumber
from services.sender.usecases.received_media import KeepReceived
from services.sender.usecases.sending import Send
from services.sender.usecases.telling import TellMessages, WatchMessages
from services.sender.usecases.templates import KeepTemplates
from services.sender.usecases.webhooks import KeepWebhooks

__all__ = [
    "CredentialsServer",
    "DeliveryServer",
    "HealthServer",
    "MediaServer",
    "MessageServiceServer",
    "NumbersServer",
    "PrivacyServer",
    "ReceivedMediaServer",
    "TemplatesServer",
    "WebhooksServer",
    "servicers",
    "team_servicers",
    "written",
]


def servicers(
    deliver: Deliver,
    notices: HearNotices,
    credentials: KeepCredentials,
    proof: ProveNumber,
    numbers: KeepNumbers,
    templates: KeepTemplates,
    privacy: Privacy,
) -> list[Servicer]:
    """What other rooms and the operator call."""
    return [
        Servicer(
            "pytake.sender.v1.Delivery",
            sender_pb2_grpc.add_DeliveryServicer_to_server,
            DeliveryServer(deliver, notices),
        ),
        Servicer(
            "pytake.sender.v1.Credentials",
            sender_pb2_grpc.add_CredentialsServicer_to_server,
            CredentialsServer(credentials, proof),
        ),
        Servicer("pytake.sender.v1.Numbers", sender_pb2_grpc.add_NumbersServicer_to_server, NumbersServer(numbers)),
        Servicer(
            "pytake.sender.v1.Templates",
            sender_pb2_grpc.add_TemplatesServicer_to_server,
            TemplatesServer(templates),
        ),
        Servicer("pytake.sender.v1.Privacy", sender_pb2_grpc.add_PrivacyServicer_to_server, PrivacyServer(privacy)),
    ]


def team_servicers(
    send: Send,
    tell: TellMessages,
    watching: WatchMessages,
    webhooks: KeepWebhooks,
    health: TellHealth,
    media: KeepMedia,
    delete: DeleteMedia,
    received: KeepReceived,
) -> list[Servicer]:
    """What teams call."""
    return [
        Servicer(
            "pytake.sender.v1.MessageService",
            sender_pb2_grpc.add_MessageServiceServicer_to_server,
            MessageServiceServer(send, tell, watching),
        ),
        Servicer("pytake.sender.v1.Webhooks", sender_pb2_grpc.add_WebhooksServicer_to_server, WebhooksServer(webhooks)),
        Servicer("pytake.sender.v1.Media", sender_pb2_grpc.add_MediaServicer_to_server, MediaServer(media, delete)),
        Servicer(
            "pytake.sender.v1.ReceivedMedia",
            sender_pb2_grpc.add_ReceivedMediaServicer_to_server,
            ReceivedMediaServer(received),
        ),
        Servicer("pytake.sender.v1.Health", sender_pb2_grpc.add_HealthServicer_to_server, HealthServer(health)),
    ]
