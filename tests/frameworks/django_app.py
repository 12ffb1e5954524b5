"""A Django project in one file: its users table, and the tokens of djangorestframework-simplejwt.

`migrate` runs Django's own migrations and adds alice (staff) and bob (inactive), `sign NAME`
prints a token of that user which expired an hour ago, `verify` the user whom a token lets in.
"""

import os
import sys
from datetime import timedelta
from urllib.parse import urlsplit

import django
from django.conf import settings

url = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY=os.environ["JWT_SECRET"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": url.hostname,
            "PORT": url.port,
            "NAME": url.path.lstrip("/"),
            "USER": url.username,
            "PASSWORD": url.password,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework_simplejwt.authentication import JWTAuthentication  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

if sys.argv[1] == "migrate":
    call_command("migrate", verbosity=0)
    User.objects.create_user("alice", password="x", is_staff=True)
    User.objects.create_user("bob", password="x", is_active=False)
elif sys.argv[1] == "sign":
    token = AccessToken.for_user(User.objects.get(username=sys.argv[2]))
    then = timezone.now() - timedelta(hours=2)
    token.set_iat(at_time=then)
    token.set_exp(from_time=then, lifetime=timedelta(hours=1))
    print(token)
else:
    print(JWTAuthentication().get_user(AccessToken(sys.stdin.read())).username)
