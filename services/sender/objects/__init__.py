"""Where files are kept: a folder, or a store that speaks S3. Keys come from domain.media, never from a contact."""

from services.sender.objects.folder import FolderStore
from services.sender.objects.s3 import Bucket, S3Store
from services.sender.objects.scanning import ClamdScanner, NoScanner, ProgramScanner
from services.sender.objects.signature import Credentials

__all__ = ["Bucket", "ClamdScanner", "Credentials", "FolderStore", "NoScanner", "ProgramScanner", "S3Store"]
