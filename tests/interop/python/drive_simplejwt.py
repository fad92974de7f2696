"""djangorestframework-simplejwt, of PyPI: a view of Django REST framework that it protects, served on loopback. It
signs access tokens with the same settings."""

import http.client
import json
import threading
from datetime import timedelta
from importlib.metadata import version
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from protocol import Library, Refused, decode, drive

NAMES = ("algorithm", "issuer", "audience", "public_pem", "private_pem", "secret_base64url")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Service:
    """Django takes its settings once, so a process has one configuration."""

    configuration = None
    port = None

    @classmethod
    def start(cls, request):
        configuration = {name: request.get(name) for name in NAMES}
        if cls.configuration is None:
            cls.configuration = configuration
            configure(configuration)
            server = make_server("127.0.0.1", 0, application(), handler_class=Quiet)
            cls.port = server.server_port
            threading.Thread(target=server.serve_forever, daemon=True).start()
        elif cls.configuration != configuration:
            raise ValueError("this process has other settings already")


def configure(configuration):
    secret = configuration["secret_base64url"]
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
        # Accepted claims with NaN in them are its verdict, not an error of ours.
        REST_FRAMEWORK={"UNAUTHENTICATED_USER": None, "STRICT_JSON": False},
        ROOT_URLCONF=(),
        SECRET_KEY="not used",
        SIMPLE_JWT={
            "ALGORITHM": configuration["algorithm"],
            "SIGNING_KEY": decode(secret).decode() if secret else configuration["private_pem"],
            "VERIFYING_KEY": configuration["public_pem"] or "",
            "ISSUER": configuration["issuer"],
            "AUDIENCE": configuration["audience"],
            "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
            "USER_ID_CLAIM": "sub",
        },
    )
    django.setup()


def application():
    # These read the settings when they are imported.
    from django.core.wsgi import get_wsgi_application
    from django.urls import path
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.renderers import JSONRenderer
    from rest_framework.response import Response
    from rest_framework.views import APIView
    from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication

    class Claims(APIView):
        authentication_classes = [JWTStatelessUserAuthentication]
        permission_classes = [IsAuthenticated]
        renderer_classes = [JSONRenderer]

        def get(self, request):
            return Response(request.auth.payload)

    settings.ROOT_URLCONF = (path("", Claims.as_view()),)
    return get_wsgi_application()


def verify(request):
    Service.start(request)
    connection = http.client.HTTPConnection("127.0.0.1", Service.port, timeout=20)
    connection.request("GET", "/", headers={"Authorization": f"Bearer {request['token']}"})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    if response.status == 200:
        return json.loads(body)
    if response.status in (400, 401):
        raise Refused(f"{response.status}: {body}")
    raise ValueError(f"status {response.status}: {body}")


def sign(request):
    """An access token as it makes them; it adds `exp`, `iat`, `jti` and `token_type` by itself."""
    Service.start(request)
    from rest_framework_simplejwt.tokens import AccessToken

    token = AccessToken()
    for name, value in request["claims"].items():
        token[name] = value
    return str(token)


drive(Library("djangorestframework-simplejwt", version("djangorestframework-simplejwt"), sign=sign, verify=verify))
