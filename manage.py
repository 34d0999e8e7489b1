#!/usr/bin/env python
"""Run the portal's administrative commands."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localympact.settings")
    from django.core.management import execute_from_command_line
    from django.db.utils import DatabaseError, OperationalError

    try:
        execute_from_command_line(sys.argv)
    except DatabaseError as error:
        # A database that is not there, or no database at all: one sentence says it best.
        if type(error) not in (DatabaseError, OperationalError) or "--traceback" in sys.argv:
            raise
        reason = " ".join(str(error).split())
        sys.exit(f"localympact: the database that DATABASE_URL names cannot be used: {reason}")


if __name__ == "__main__":
    main()
