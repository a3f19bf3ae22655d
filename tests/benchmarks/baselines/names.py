"""What the baselines are called, in reports and for their supervisor."""

HTTPX = "monolith, httpx"
AIOHTTP = "monolith, aiohttp"
PLAIN = "plain monolith"
NAIVE = "naive services"
BASELINES = (HTTPX, AIOHTTP, PLAIN, NAIVE)
