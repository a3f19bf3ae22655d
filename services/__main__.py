"""`python -m services`, and the console script `pytake`."""

from services.cli.app import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
