"""The portal as a WSGI application, for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localympact.settings")
application = get_wsgi_application()

# What is loaded by now stays: no collection need look at it again in the middle of an answer.
gc.collect()
gc.freeze()
