"""Sender processes on one Postgres and one Valkey, and a simulated Meta in a process of its own."""

import asyncio
import base64
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from joserfc.jwk import OKPKey

from services.chassis.audit import AuditLog
from services.chassis.db import Database as Pool
from services.chassis.rpc import Peer, PeerAddress
from services.chassis.sealing import Sealer
from services.chassis.tenancy import ServiceSigner
from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.probes import is_listening
from services.embedded.process import Command, last_lines, spawn
from services.embedded.waiting import wait_until
from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.store import PostgresCredentials

ROOT = Path(__file__).resolve().parents[2]
NUMBER, TOKEN = "447700900001", "EAAlimits"
SEALING_KEY = base64.b64encode(b"k" * 32).decode()
START_SECONDS = 60.0
PER_CALL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is run. Limits are the number's and the pair's, alike for senders and Meta; `redis_url` may be empty."""

    replicas: int = 3
    per_second: float = 80.0
    pair_burst: int = 45
    pair_seconds: float = 6.0
    redis_url: str = ""


@dataclass
class House:
    """What runs, and how it is spoken to."""

    meta: str
    session: aiohttp.ClientSession
    senders: Sequence[Any]
    organization_id: UUID

    async def send(self, lanes: Sequence[UUID]) -> None:
        """Hand one message for each lane to the senders, in turn; a lane that comes again gets another."""
        calls = [lanes[start : start + PER_CALL] for start in range(0, len(lanes), PER_CALL)]
        await asyncio.gather(*(self._enqueue(n % len(self.senders), each) for n, each in enumerate(calls)))

    async def _enqueue(self, sender: int, lanes: Sequence[UUID]) -> None:
        request = sender_pb2.EnqueueRequest(messages=[self._message(lane) for lane in lanes])
        peer = self.senders[sender]
        await peer.call(peer.stub(sender_pb2_grpc.DeliveryStub).Enqueue, request, seconds=60.0)

    def _message(self, lane: UUID) -> sender_pb2.OutboundMessage:
        return sender_pb2.OutboundMessage(
            organization_id=str(self.organization_id), message_id=str(uuid4()), conversation_id=str(lane),
            phone_number_id=NUMBER, recipient_wa_id=recipient_of(lane), window_expires_at=int(time.time()) + 7200,
            content=content_pb2.Content(text=content_pb2.TextContent(body="The tide turns at six")),
        )  # fmt: skip

    async def stats(self) -> dict[str, Any]:
        """Counts of the simulated Meta."""
        async with self.session.get(f"{self.meta}/_sim/stats") as answer:
            stats: dict[str, Any] = await answer.json()
        return stats

    async def wait_for(self, accepted: int, seconds: float) -> None:
        """Wait until Meta has accepted so many."""
        async with asyncio.timeout(seconds):
            while (await self.stats())["accepted"] < accepted:  # noqa: ASYNC110 - another process counts
                await asyncio.sleep(0.2)

    async def moments(self, to: str = "") -> list[float]:
        """When Meta accepted each message, in seconds; to one recipient only if named."""
        async with self.session.get(f"{self.meta}/_sim/ledger", params={"to": to}) as answer:
            listed = (await answer.json())["messages"]
        return [entry["accepted_at"] / 1e9 for entry in listed]


def recipient_of(lane: UUID) -> str:
    """A phone number for each lane."""
    return f"4477{lane.int % 10**8:08d}"


@asynccontextmanager
async def running_house(plan: Plan, folder: Path, database_url: str) -> AsyncIterator[House]:
    """Start everything in `folder`; `database_url` is a migrated database with sender's role."""
    ports: set[int] = set()
    meta_port, *grpc_ports = [_port(ports) for _ in range(1 + plan.replicas)]
    keys = _write_keys(folder)
    organization_id = uuid4()
    await _put_token(database_url, organization_id)
    (folder / "meta.json").write_text(json.dumps(_meta_config(plan)))
    arguments = ("-m", "services.embedded.meta", "--port", str(meta_port), "--config", str(folder / "meta.json"))
    commands = [_command("meta", folder, arguments, {})]
    for index, port in enumerate(grpc_ports):
        variables = _variables(plan, folder, database_url, meta_port, port, ops_port=_port(ports))
        commands.append(_command(f"sender{index}", folder, ("-m", "services.sender"), variables))
    processes = [await spawn(command) for command in commands]
    try:
        for command, port in zip(commands, [meta_port, *grpc_ports], strict=True):
            await _until_it_listens(command, port)
        signer = ServiceSigner("executor", keys["executor"])
        peers = [Peer(PeerAddress("sender", f"ipv4:{LOOPBACK}:{port}"), signer) for port in grpc_ports]
        async with aiohttp.ClientSession() as session:
            yield House(f"http://{LOOPBACK}:{meta_port}", session, peers, organization_id)
        for peer in peers:
            await peer.close()
    finally:
        for process in processes:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        await asyncio.gather(*(process.wait() for process in processes))


async def _until_it_listens(command: Command, port: int) -> None:
    await wait_until(
        lambda: is_listening(f"{LOOPBACK}:{port}"),
        timeout_seconds=START_SECONDS,
        otherwise=lambda: f"{command.name} does not listen: {last_lines(command.log_file)}",
    )


def _port(taken: set[int]) -> int:
    port = choose_port(taken=taken)
    taken.add(port)
    return port


def _command(name: str, folder: Path, arguments: tuple[str, ...], variables: Mapping[str, str]) -> Command:
    return Command(
        name=name, arguments=(sys.executable, *arguments), log_file=folder / f"{name}.log", working_directory=ROOT,
        environment={**os.environ, **variables},
    )  # fmt: skip


def _write_keys(folder: Path) -> dict[str, OKPKey]:
    keys = {name: OKPKey.generate_key("Ed25519", parameters={"kid": name}) for name in ("sender", "executor")}
    public = [key.as_dict(private=False) | {"kid": name} for name, key in keys.items()]
    (folder / "jwks.json").write_text(json.dumps({"keys": public}))
    (folder / "key.json").write_text(json.dumps(keys["sender"].as_dict(private=True)))
    return keys


async def _put_token(database_url: str, organization_id: UUID) -> None:
    pool = await Pool.open(database_url, size=1, name="limits")
    store = PostgresCredentials(pool, Sealer.from_text(SEALING_KEY), AuditLog("sender", pool))
    await store.put_credential(organization_id=organization_id, phone_number_id=NUMBER, token=TOKEN)
    await pool.close()


def _meta_config(plan: Plan) -> dict[str, object]:
    limits = {
        "messages_per_second": plan.per_second, "pair_burst": plan.pair_burst,
        "pair_interval_seconds": plan.pair_seconds,
    }  # fmt: skip
    number = {
        "phone_number_id": NUMBER, "display_phone_number": NUMBER, "waba_id": "1", "access_tokens": [TOKEN],
        "app_secret": "unused", "limits": limits,
    }  # fmt: skip
    return {"numbers": [number], "faults": {"statuses": []}}


def _variables(
    plan: Plan, folder: Path, database_url: str, meta_port: int, grpc_port: int, *, ops_port: int
) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": plan.redis_url,
        "GRPC_ADDRESS": f"{LOOPBACK}:{grpc_port}",
        "OPS_ADDRESS": f"{LOOPBACK}:{ops_port}",
        "SERVICE_KEY_FILE": str(folder / "key.json"),
        "SERVICE_JWKS_FILE": str(folder / "jwks.json"),
        "SEALING_KEYS": SEALING_KEY,
        "TOMBSTONE_KEY": base64.b64encode(b"t" * 32).decode(),
        "INGRESS_TARGET": f"ipv4:{LOOPBACK}:1",
        "ANALYTICS_TARGET": f"ipv4:{LOOPBACK}:1",
        "EXECUTOR_TARGET": f"ipv4:{LOOPBACK}:1",
        "META_GRAPH_API_BASE": f"http://{LOOPBACK}:{meta_port}/v26.0",
        "NUMBER_MESSAGES_PER_SECOND": str(plan.per_second),
        "PAIR_BURST": str(plan.pair_burst),
        "PAIR_SECONDS": str(plan.pair_seconds),
        "SENDER_REPLICAS": str(plan.replicas),
    }
