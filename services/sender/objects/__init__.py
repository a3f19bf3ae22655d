"""Where files are kept: a folder, or a store that speaks S3. Keys come from domain.media, never from a contact."""

from services.sender.objects.folder import FolderStore
from services.sender.objects.s3 import Bucket, S3Store

__all__ = ["Bucket", "FolderStore", "S3Store"]
