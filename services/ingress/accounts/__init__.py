"""People and programs of organizations: accounts, sessions, invitations, API keys, and the gate they come in by.

Rules are in domain/accounts, tables in store/, passwords in passwords.py. gate.py stands before every REST request;
provisioning.py and server.py are the operator's. docs/decisions/0019-people-and-keys.md says why it is as it is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from services.chassis.clock import Monotonic, Now
from services.chassis.tenancy import TokenVerifier
from services.ingress.accounts.gate import Gate
from services.ingress.accounts.invitations import Invitations
from services.ingress.accounts.keys import ApiKeys
from services.ingress.accounts.passwords import Passwords
from services.ingress.accounts.people import People
from services.ingress.accounts.ports import AccountStore, Signer
from services.ingress.accounts.provisioning import Provisioning
from services.ingress.accounts.ring import KeyRing
from services.ingress.accounts.sessions import Sessions, Sleep
from services.ingress.cache import RateLimits
from services.ingress.domain.limits import RestLimits

__all__ = ["Accounts", "open_accounts"]


@dataclass(frozen=True, slots=True)
class Accounts:
    """All use cases of people and keys."""

    gate: Gate
    sessions: Sessions
    people: People
    invitations: Invitations
    keys: ApiKeys
    provisioning: Provisioning


def open_accounts(
    *,
    store: AccountStore,
    verifier: TokenVerifier,
    signer: Signer,
    rates: RateLimits,
    limits: RestLimits,
    now: Now,
    monotonic: Monotonic,
    passwords: Passwords | None = None,
    sleep: Sleep = asyncio.sleep,
    new_id: Callable[[], UUID] = uuid4,
    random: Callable[[int], bytes] = os.urandom,
) -> Accounts:
    """Put the use cases together over their tables."""
    passwords = passwords or Passwords()
    ring = KeyRing(store, monotonic)
    people = People(store=store, passwords=passwords, new_id=new_id)
    invitations = Invitations(
        store=store, passwords=passwords, rates=rates, limits=limits, now=now, new_id=new_id, random=random
    )
    keys = ApiKeys(store=store, ring=ring, now=now, new_id=new_id, random=random)
    return Accounts(
        gate=Gate(verifier=verifier, ring=ring, rates=rates, limits=limits, notes=store, now=now),
        sessions=Sessions(
            store=store,
            passwords=passwords,
            signer=signer,
            rates=rates,
            limits=limits,
            now=now,
            monotonic=monotonic,
            sleep=sleep,
            new_id=new_id,
            random=random,
        ),
        people=people,
        invitations=invitations,
        keys=keys,
        provisioning=Provisioning(people=people, invitations=invitations, keys=keys, passwords=passwords),
    )
