"""What router does: load, decide, save, tell."""

from services.router.usecases.accounts import LearnAccounts
from services.router.usecases.addressing import OpenConversations
from services.router.usecases.agents_log import TellAgentsLog
from services.router.usecases.audiences import ListContacts
from services.router.usecases.consents import NoteConsents
from services.router.usecases.conversations import SetOwner
from services.router.usecases.desk_telling import TellDesk
from services.router.usecases.directory import Directory
from services.router.usecases.files import ExecutorThenFiles
from services.router.usecases.flow_starts import PutFlowTriggers
from services.router.usecases.handling import ConversationName, Handling
from services.router.usecases.inbox import Inbox
from services.router.usecases.messages import RouteMessages
from services.router.usecases.orders import ApplyOrders
from services.router.usecases.own_settings import OwnSettings
from services.router.usecases.people import People
from services.router.usecases.privacy import Privacy
from services.router.usecases.queue_setup import QueueSetup
from services.router.usecases.queue_work import WorkQueues
from services.router.usecases.statuses import RouteStatuses
from services.router.usecases.trial_message import SubmitTestMessage
from services.router.usecases.watching import WatchConversations

__all__ = [
    "ApplyOrders",
    "ConversationName",
    "Directory",
    "ExecutorThenFiles",
    "Handling",
    "Inbox",
    "LearnAccounts",
    "ListContacts",
    "NoteConsents",
    "OpenConversations",
    "OwnSettings",
    "People",
    "Privacy",
    "PutFlowTriggers",
    "QueueSetup",
    "RouteMessages",
    "RouteStatuses",
    "SetOwner",
    "SubmitTestMessage",
    "TellAgentsLog",
    "TellDesk",
    "WatchConversations",
    "WorkQueues",
]
