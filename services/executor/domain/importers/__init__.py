"""Importers: flows of PyTake's own older dialects as native documents, with a report of what changed.

Pure functions of the source; scripts, prompts and addresses in it are data and are never run or called.
"""

from services.executor.domain.importers.convert import Imported, import_flow
from services.executor.domain.importers.dialects import detect_dialect
from services.executor.domain.importers.report import Report, ReportItem, UnreadableFlow

__all__ = ["Imported", "Report", "ReportItem", "UnreadableFlow", "detect_dialect", "import_flow"]
