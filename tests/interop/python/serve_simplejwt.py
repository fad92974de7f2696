"""djangorestframework-simplejwt, of PyPI, as a service of refresh tokens: its own routes and its own list of used tokens,
in a file of SQLite, behind Django's own server of threads. No driver: it says where it is, and answers until stdin ends.

`ROTATE_REFRESH_TOKENS` and `BLACKLIST_AFTER_ROTATION` are on, passwords are hashed quickly, all else is as it comes."""

import json
import sqlite3
import sys
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

PASSWORD = "correct horse"


def configure(folder):
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "db.sqlite3"}},
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "rest_framework",
            "rest_framework_simplejwt",
            "rest_framework_simplejwt.token_blacklist",
        ],
        # Each race begins with a login, and is not about passwords: by default that takes half a second.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        # A failure is its answer of 500, and stderr is for ours.
        LOGGING={"version": 1, "disable_existing_loggers": True},
        ROOT_URLCONF=(),
        SECRET_KEY="a key that signs nothing outside of these tests",
        SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def serve():
    # These read the settings when they are imported.
    from django.contrib.auth.models import User
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application
    from django.urls import path
    from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_):
            pass

    class Server(ThreadedWSGIServer):
        # All that come at once are taken.
        request_queue_size = 1024

    User.objects.create_user("alice", password=PASSWORD)
    settings.ROOT_URLCONF = (
        path("token", TokenObtainPairView.as_view()),
        path("token/refresh", TokenRefreshView.as_view()),
    )
    server = Server(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def main():
    with tempfile.TemporaryDirectory() as folder:
        configure(Path(folder))
        about = {
            "library": "djangorestframework-simplejwt",
            "version": version("djangorestframework-simplejwt"),
            "django": django.get_version(),
            "sqlite": sqlite3.sqlite_version,
            "port": serve(),
            "password": PASSWORD,
        }
        print(json.dumps(about), flush=True)
        sys.stdin.read()


main()
