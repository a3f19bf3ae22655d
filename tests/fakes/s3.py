"""A store that speaks S3 as far as files need it, and checks every signature from what came over the wire."""

import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import web

from services.embedded.addresses import LOOPBACK

_PROOF = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w{64})"
)
_LARGEST = 64 * 1024 * 1024
_CLOCK_SKEW = timedelta(minutes=15)


@dataclass
class FakeS3:
    """One bucket in memory. So many next requests as `broken` are answered 503; `refused` tells what was not done."""

    access_key_id: str = "AKIDHARBOUR"
    secret_access_key: str = "a secret / of + many = signs"
    region: str = "eu-test-1"
    bucket: str = "letters"
    broken: int = 0
    redirect_to: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    endpoint: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FakeS3"]:
        """Answer on a port of the system's choice."""
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, 0)
        await site.start()
        self.endpoint = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.redirect_to:
            return web.Response(status=307, headers={"Location": self.redirect_to})
        if self.broken:
            self.broken -= 1
            return web.Response(status=503, text="<Error><Code>SlowDown</Code></Error>")
        if why := self._complaint(request, body):
            self.refused.append(why)
            return web.Response(status=403, text=f"<Error><Code>{why}</Code></Error>")
        bucket, _, key = request.match_info["path"].partition("/")
        if bucket != self.bucket:
            return web.Response(status=404, text="<Error><Code>NoSuchBucket</Code></Error>")
        return self._do(request, key, body)

    def _do(self, request: web.Request, key: str, body: bytes) -> web.Response:
        match request.method:
            case "PUT":
                self.objects[key], self.types[key] = body, request.headers["Content-Type"]
                return web.Response(headers={"ETag": '"etag"'})
            case "GET" if key in self.objects:
                return web.Response(body=self.objects[key])
            case "GET":
                return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
            case "DELETE":
                self.objects.pop(key, None)
                return web.Response(status=204)
        return web.Response(status=405)

    def _complaint(self, request: web.Request, body: bytes) -> str:
        proof = _PROOF.fullmatch(request.headers.get("Authorization", ""))
        if proof is None:
            return "AccessDenied"
        key_id, day, region, names, signature = proof.groups()
        stamp, digest = request.headers["x-amz-date"], request.headers["x-amz-content-sha256"]
        if (key_id, region) != (self.access_key_id, self.region):
            return "InvalidAccessKeyId"
        moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(datetime.now(UTC) - moment) > _CLOCK_SKEW or not stamp.startswith(day):
            return "RequestTimeTooSkewed"
        if digest != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        must = {"host", "x-amz-date", "x-amz-content-sha256"}
        if not must <= set(names.split(";")):
            return "AccessDenied"
        expected = self._signature(request, stamp, names, digest)
        return "" if hmac.compare_digest(expected, signature) else "SignatureDoesNotMatch"

    def _signature(self, request: web.Request, stamp: str, names: str, digest: str) -> str:
        path, _, query = request.raw_path.partition("?")
        headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names.split(";"))
        canonical = "\n".join([request.method, path, query, headers, names, digest])
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = b"AWS4" + self.secret_access_key.encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, to_sign.encode(), "sha256").hex()
