"""What the environment says to the monolith."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """`http_client` is httpx or aiohttp; the pool is the number of database connections held open."""

    database_url: str
    graph_api_base: str
    app_secret: str
    http_client: str = "httpx"
    pool_size: int = 20


def settings_from_environment() -> Settings:
    """Read the settings of this process."""
    return Settings(
        database_url=os.environ["DATABASE_URL"],
        graph_api_base=os.environ["META_GRAPH_API_BASE"],
        app_secret=os.environ["META_APP_SECRET"],
        http_client=os.environ["HTTP_CLIENT"],
    )
