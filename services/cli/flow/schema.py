"""`pytake flow schema`; it needs no running house."""

import json

import typer


def schema() -> None:
    """Print the JSON Schema of pytake.flow/1, for builders and editors."""
    from services.executor.domain.flow_schema import flow_schema

    typer.echo(json.dumps(flow_schema(), ensure_ascii=False, indent=2))
