"""`python -m services.sender`: one sender process, configured by the environment."""

import os

from services.chassis.lifecycle import run_service
from services.chassis.settings import read_settings
from services.sender.app import build
from services.sender.settings import Settings

if __name__ == "__main__":
    run_service(lambda: build(read_settings(Settings, os.environ)))
