"""`python -m services.analytics`."""

import os

from services.analytics.app import build
from services.analytics.settings import Settings
from services.chassis.lifecycle import run_service
from services.chassis.settings import read_settings

if __name__ == "__main__":
    run_service(lambda: build(read_settings(Settings, os.environ)))
