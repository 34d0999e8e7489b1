"""Uploaded files in a bucket, of any server that speaks S3 (MEDIA_S3_BUCKET in settings.py).

The bucket stays private: pictures are answered by the portal itself (media.py). Whatever keeps the
server from answering is an OSError, as if a disk were at fault.
"""

import time
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import File
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage

SPEAKING = Config(
    # Nobody waits longer for a server that is not there.
    connect_timeout=2,
    read_timeout=10,
    retries={"total_max_attempts": 2, "mode": "standard"},
    signature_version="s3v4",
    # Servers of others do not know the newer sums.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
# So many seconds a server that did not answer is not asked again: waiting takes the places of
# visitors whose pages need none of its files.
REST = 10


class Bucket(S3Storage):
    """The files of a bucket."""

    def __init__(self, **options):
        super().__init__(transfer_config=TransferConfig(use_threads=False), **options)
        self.client_config = SPEAKING.merge(Config(s3={"addressing_style": self.addressing_style}))
        self.rests_until = 0

    @contextmanager
    def asked(self):
        """Make an OSError of every failure, FileNotFoundError where there is no such file."""
        away = f"The bucket {self.bucket_name} does not answer"
        if time.monotonic() < self.rests_until:
            raise OSError(f"{away}: not asked so soon again.")
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise FileNotFoundError(str(error)) from error
            raise OSError(f"{away} as it should: {error}") from error
        except (BotoCoreError, Boto3Error) as error:
            self.rests_until = time.monotonic() + REST
            raise OSError(f"{away}: {error}") from error

    def url(self, name):
        """Give the address of a file at the portal."""
        return f"{settings.MEDIA_URL}{filepath_to_uri(name)}"

    def names(self):
        """Yield the names of all files."""
        with self.asked():
            yield from (one.key for one in self.bucket.objects.all())

    def exists(self, name):
        with self.asked():
            return super().exists(name)

    def _open(self, name, mode="rb"):
        with self.asked():
            answer = self.connection.meta.client.get_object(Bucket=self.bucket_name, Key=name)
        return Stored(answer, name, self)

    def _save(self, name, content):
        with self.asked():
            return super()._save(name, content)

    def delete(self, name):
        with self.asked():
            super().delete(name)


class Stored(File):
    """A file that is read once, from its beginning to its end, and never held in whole."""

    def __init__(self, answer, name, bucket):
        super().__init__(answer["Body"], name)
        self.size, self.bucket = answer["ContentLength"], bucket

    def read(self, size=None):
        with self.bucket.asked():
            return self.file.read(size)
