"""`python -m services.executor`: one executor process, configured by the environment."""

import os

from services.chassis.lifecycle import run_service
from services.chassis.settings import read_settings
from services.executor.app import build
from services.executor.settings import Settings

if __name__ == "__main__":
    run_service(lambda: build(read_settings(Settings, os.environ)))
