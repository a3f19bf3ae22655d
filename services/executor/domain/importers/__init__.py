"""Importers: flows of PyTake's older dialects and of other products as native documents, with a report.

Pure functions of the source; scripts, prompts and addresses in it are data and are never run or called.
"""

from services.executor.domain.importers.documents import read_document
from services.executor.domain.importers.report import Imported, Report, ReportItem, UnreadableFlow
from services.executor.domain.importers.sources import detect_dialect, import_flow

__all__ = ["Imported", "Report", "ReportItem", "UnreadableFlow", "detect_dialect", "import_flow", "read_document"]
