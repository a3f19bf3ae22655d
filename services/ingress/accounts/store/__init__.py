"""All SQL of accounts. Every change and its audit entries are one transaction, and changes of one organization's
accounts take turns (AuditLog.locking): what a decision was made upon is still so when it is written."""

from __future__ import annotations

from services.ingress.accounts.store.invitations import InvitationTables
from services.ingress.accounts.store.keys import KeyTables
from services.ingress.accounts.store.sessions import SessionTables
from services.ingress.accounts.store.users import UserTables

__all__ = ["PostgresAccounts"]


class PostgresAccounts(UserTables, SessionTables, InvitationTables, KeyTables):
    """Accounts in Postgres (ports.AccountStore)."""
