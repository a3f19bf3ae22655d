"""Every HTTP route demands a token, but for the webhook, health and the documentation."""

import httpx

from tests.fixtures.rest import stage

# The webhook proves itself by its signature; the others tell nothing of a tenant.
OPEN = ("/api/v1/whatsapp/webhook", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs")
METHODS = ("get", "post", "put", "patch", "delete")


async def test_every_route_of_the_rest_api_demands_a_token() -> None:
    site, _, _ = stage(is_ready=True)
    routes = [
        (method.upper(), path.format(phone="5511987654321"))
        for path, methods in site.openapi()["paths"].items()
        if not path.startswith(OPEN)
        for method in methods
        if method in METHODS
    ]
    assert len(routes) >= 5
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://ingress") as client:
        for method, path in routes:
            assert (await client.request(method, path, json={})).status_code == 401, f"{method} {path} is open"


def test_no_route_hides_from_the_document_but_the_open_ones() -> None:
    site, _, _ = stage(is_ready=True)
    described = set(site.openapi()["paths"])

    hidden = {path for route in site.routes if (path := getattr(route, "path", "")) and path not in described}

    assert all(path.startswith(OPEN) for path in hidden), hidden
