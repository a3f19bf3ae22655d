"""protobuf ⇄ domain; no rule, no SQL."""

from services.router.server.addresses import AddressesServer
from services.router.server.contacts import ContactsServer
from services.router.server.conversations import ConversationsServer
from services.router.server.directory import DirectoryServer
from services.router.server.inbox import InboxServer
from services.router.server.orders import OrdersServer
from services.router.server.own_settings import SettingsServer
from services.router.server.people import PeopleServer
from services.router.server.privacy import PrivacyServer
from services.router.server.queues import QueuesServer
from services.router.server.routing import RoutingServer

__all__ = [
    "AddressesServer",
    "ContactsServer",
    "ConversationsServer",
    "DirectoryServer",
    "InboxServer",
    "OrdersServer",
    "PeopleServer",
    "PrivacyServer",
    "QueuesServer",
    "RoutingServer",
    "SettingsServer",
]
