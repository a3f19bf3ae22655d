"""analytics over gRPC, on a port of its own and a real Postgres."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from joserfc.jwk import OKPKey

from services.analytics.app import servicers
from services.analytics.store import PostgresDashboards, PostgresPrivacy, PostgresReports, PostgresStore
from services.chassis.clock import now
from services.chassis.db import Database
from services.chassis.rpc import Peer, PeerAddress, RpcServer
from services.chassis.tenancy import ServiceSigner, TokenVerifier


def keys_in(folder: Path, *signers: str) -> dict[str, ServiceSigner]:
    """Write the public keys of some services into `folder` and return their signers."""
    keys = {name: OKPKey.generate_key("Ed25519", parameters={"kid": name}) for name in signers}
    public = [key.as_dict(private=False) | {"kid": name} for name, key in keys.items()]
    (folder / "jwks.json").write_text(json.dumps({"keys": public}))
    return {name: ServiceSigner(name, key) for name, key in keys.items()}


@asynccontextmanager
async def serving(url: str, folder: Path, *callers: str) -> AsyncIterator[tuple[Peer, ...]]:
    """The room's servicers on a port of its own, and a peer for each caller."""
    signers = keys_in(folder, *callers)
    database = await Database.open(url, size=2, name="process")
    verifier = TokenVerifier.from_file(audience="analytics", jwks_file=str(folder / "jwks.json"))
    server = RpcServer(
        "127.0.0.1:0",
        servicers(
            PostgresStore(database),
            PostgresReports(database),
            PostgresDashboards(database),
            PostgresPrivacy(database),
            now,
            256,
        ),
        verifier,
        drain_seconds=0.0,
    )
    await server.start()
    address = PeerAddress("analytics", f"ipv4:127.0.0.1:{server.port}")
    peers = tuple(Peer(address, signers[caller]) for caller in callers)
    try:
        yield peers
    finally:
        await asyncio.gather(*(peer.close() for peer in peers))
        await server.stop()
        await database.close()
