"""Flow files in any dialect, for the commands that read one."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.ending import WrongInput

if TYPE_CHECKING:
    from services.executor.domain.importers import Imported


def imported(file: Path) -> "Imported":
    """Return the flow a file holds, in the native form, and the report. Raises WrongInput with one sentence."""
    from services.cli.apply.flow_source import read_flow
    from services.executor.domain.importers import UnreadableFlow, import_flow

    try:
        return import_flow(json.loads(read_flow(file, None)))
    except UnreadableFlow as error:
        raise WrongInput(f"{file}: {error}") from None
    except ValueError as error:
        raise WrongInput(str(error)) from None
