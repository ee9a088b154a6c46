"""Django settings. Everything that differs between machines comes from the environment or from ATMPXB_HOME.

The web server and the worker connect as ``atmpxb_app``, which owns nothing; only migrations use the connection
``owner``. Who holds neither a DATABASE_URL nor a running embedded PostgreSQL can still import this module.
"""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from atmpxb.platform import logs
from atmpxb.platform.home import Home, locate

SOURCE = Path(__file__).resolve().parents[1]
HOME = locate()

SECRET_KEY = os.environ.get("ATMPXB_SECRET_KEY") or "no sessions are kept by a command without the secret"
DEBUG = os.environ.get("ATMPXB_DEBUG") == "1"
DEMO = os.environ.get("ATMPXB_DEMO") == "1"
ALLOWED_HOSTS = os.environ.get("ATMPXB_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
PUBLIC_URL = os.environ.get("ATMPXB_URL", "http://localhost:8000")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]


def _needs_tls(address: str) -> bool:
    """Whether cookies go over TLS only: everywhere but on the machine's own loopback."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname not in {"localhost", "127.0.0.1", "::1"}


def _database(url: str, **options: str) -> dict[str, object]:
    """A connection from a URL such as ``postgresql://role:secret@/name?host=/folder/of/the/socket``."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**query, **options},
    }


_URL = os.environ.get("DATABASE_URL", "postgresql://atmpxb_app@localhost/atmpxb")
DATABASES = {
    "default": _database(_URL),
    "backup": _database(os.environ.get("DATABASE_BACKUP_URL", _URL)),  # reads everything, writes nothing
    "owner": _database(os.environ.get("DATABASE_OWNER_URL", _URL), options="-c app.migrating=on"),
}

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "atmpxb.web",  # before allauth: our sign-in pages stand in for its own
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "atmpxb.records.people",
    "atmpxb.records.ledger",
    "atmpxb.records.vault",
    "atmpxb.records.documents",
    "atmpxb.records.signatures",
    "atmpxb.quality",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "atmpxb.web.policy.PagePolicy",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "atmpxb.web.sessions.SessionEnds",
    "atmpxb.web.middleware.SpokenLanguage",  # after the end of sessions: whoever was signed out is nobody
    "atmpxb.web.middleware.Entrance",
    "atmpxb.web.kept.KeptViews",  # after the entrance: it knows who asks
]

ROOT_URLCONF = "atmpxb.platform.urls"
WSGI_APPLICATION = "atmpxb.platform.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "atmpxb.web.shell.context",
            ],
        },
    }
]

# --- people sign in ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "atmpxb.records.people.passwords.NotTheOneTimePassword"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "atmpxb.web.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
# The library's own generator keeps a second copy of the address, which the program may not write.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 - a class
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "ATMP XB"
#: Without a mail server nothing is sent and nothing is printed: a link that resets a password is a secret.
MAIL_IS_SET_UP = bool(os.environ.get("ATMPXB_EMAIL_HOST"))
DEFAULT_FROM_EMAIL = os.environ.get("ATMPXB_EMAIL_FROM", "atmpxb@localhost")
MAILERS: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": os.environ["ATMPXB_EMAIL_HOST"],
            "port": int(os.environ.get("ATMPXB_EMAIL_PORT", "587")),
            "username": os.environ.get("ATMPXB_EMAIL_USER", ""),
            "password": os.environ.get("ATMPXB_EMAIL_PASSWORD", ""),
            "use_tls": os.environ.get("ATMPXB_EMAIL_TLS", "1") == "1",
        },
    }
    if MAIL_IS_SET_UP
    else {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
}

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
#: Nobody was there for so long: the session ends. Bench computers are shared.
SESSION_IDLE_AGE = 60 * int(os.environ.get("ATMPXB_IDLE_MINUTES", "30"))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _needs_tls(PUBLIC_URL)
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PUBLIC_URL.startswith("https://") else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
#: Content security policy of every page: own files only, nothing inline, nothing evaluated. No nonces: a page
#: that needs an inline script is a page to mend. Pictures may be data (plots, the QR code of an
#: authenticator).
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "worker-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
}

# --- language, time, static files -------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("nl", _("Dutch"))]
LOCALE_PATHS = [SOURCE / "web" / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = False
STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "platform_cache"}}

LOGGING = logs.CONFIGURATION

# --- files and jobs ---------------------------------------------------------------------------------------
VAULT = Home(HOME).vault
CHECKPOINT_LOG = Home(HOME).checkpoints
SIGNER_SOCKET = os.environ.get("ATMPXB_SIGNER") or str(HOME / "run" / "signer.sock")
LARGEST_RAW_FILE = int(os.environ.get("ATMPXB_LARGEST_RAW_FILE", 2 * 1024**3))
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2
PROCRASTINATE_WORKER_DEFAULTS = {"stalled_worker_timeout": 10, "update_heartbeat_interval": 2}
PROCRASTINATE_IMPORT_PATHS = ["atmpxb.quality.jobs"]
SILENCED_SYSTEM_CHECKS: list[str] = []
