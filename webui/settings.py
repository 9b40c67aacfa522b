"""Django's settings; the only reader of the environment is `webui.env`."""

from __future__ import annotations

import secrets
import socket
from importlib.util import find_spec
from pathlib import Path

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from crawler.queue import DECLARED_ON_RABBITMQ
from webui import env, logs

BASE_DIR = env.BASE_DIR
VAR_DIR = env.var_dir()
VERSION = "0.1.0"

DEBUG = env.flag("DEBUG")
SECRET_KEY = env.secret("SECRET_KEY", VAR_DIR / "secret_key", lambda: secrets.token_urlsafe(50))
ENCRYPTION_KEYS = env.secret(
    "ENCRYPTION_KEY", VAR_DIR / "encryption_key", lambda: Fernet.generate_key().decode()
).split(",")
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", "*" if DEBUG else "localhost,127.0.0.1,[::1]," + socket.gethostname()
)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "axes",
    "csp",
    "django_celery_beat",
    "django_celery_results",
    "crawler",
    "webui.accounts",
    "webui.processes",
    "webui.pages",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "webui.accounts.roles.RoleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

# of the documentation of the API: as an installed app, ninja would be imported by every process
NINJA = Path(str(getattr(find_spec("ninja"), "origin", ""))).parent
ROOT_URLCONF = "webui.urls"
WSGI_APPLICATION = "webui.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "webui" / "templates", NINJA / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webui.accounts.roles.rights",
                "webui.pages.condition.condition",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": env.database(f"sqlite:///{VAR_DIR / 'trawl.sqlite3'}")}
IS_SQLITE = str(DATABASES["default"]["ENGINE"]).endswith("sqlite3")
if IS_SQLITE:
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "cached_statements": 512,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; "
            "PRAGMA mmap_size=134217728; PRAGMA cache_size=-20000; PRAGMA journal_size_limit=67108864;"
        ),
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    POSTGRES_OPTIONS: dict[str, object] = {
        "application_name": "trawl",
        "connect_timeout": 10,
        # a server that vanished without a word is given up before its slice's lease is
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        "options": "-c idle_in_transaction_session_timeout=15s -c lock_timeout=10s",
    }
    if env.flag("DATABASE_POOL"):
        POSTGRES_OPTIONS["pool"] = {"min_size": 1, "max_size": 8}
    DATABASES["default"]["OPTIONS"] = POSTGRES_OPTIONS

REDIS_URL = env.broker("REDIS_URL", env.broker_of(VAR_DIR), schemes=env.REDIS)
CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", REDIS_URL, schemes=env.BROKERS)
BROKER_IS_AMQP = CELERY_BROKER_URL.startswith(("amqp", "pyamqp"))
CACHES: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "trawl",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}
# every call of the API waits for this one first, and goes on without it when it says nothing
CACHES["throttle"] = CACHES["default"] | {
    "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
}
if BROKER_IS_AMQP and not env.text("REDIS_URL"):
    # what processes tell each other is kept in the database; a write for each call of the API would cost
    # more than it is worth, so each process throttles by itself
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "trawl_cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
    CACHES["throttle"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}

CELERY_RESULT_BACKEND = "django-db"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 4
# asking for work must not wait for a broker that is away: the reconciler asks again
SOON_GIVEN_UP = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
    **SOON_GIVEN_UP,
    "visibility_timeout": env.number("REDELIVER_SECONDS", 300.0, least=10),
    "queue_order_strategy": "priority",
    "priority_steps": list(range(10)),
    "sep": ":",
    "unacked_restore_interval": 10,
    "socket_timeout": env.number("BROKER_SECONDS", 15.0, least=2),
    "socket_connect_timeout": 4,
    "socket_keepalive": True,
    "health_check_interval": env.number("BROKER_SECONDS", 15.0, least=2),
}
if BROKER_IS_AMQP:
    CELERY_BROKER_TRANSPORT_OPTIONS = {**SOON_GIVEN_UP, "confirm_publish": True}
    CELERY_BROKER_HEARTBEAT = 20
    CELERY_TASK_QUEUES = DECLARED_ON_RABBITMQ
    # by which Flower asks workers: were it for a connection alone, as it is by default, a worker would end
    # where the broker still has an earlier connection of its name
    CELERY_CONTROL_QUEUE_EXCLUSIVE = False
    CELERY_CONTROL_QUEUE_DURABLE = True
    # what is refused at first, as when a queue is deleted between its declaration and its use, is asked again
    CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = env.number("SOFT_LIMIT_SECONDS", 150.0, least=2)
CELERY_TASK_TIME_LIMIT = env.number("HARD_LIMIT_SECONDS", 180.0, least=3)
CELERY_TASK_DEFAULT_QUEUE = "control"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_RESULT_EXPIRES = 24 * 3600
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
# after a broken connection Celery would leave processes idle until the tasks that run then have ended
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_TIMEZONE = "UTC"
DJANGO_CELERY_BEAT_TZ_AWARE = True

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "webui.accounts.roles.People"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "webui.accounts.lockout.answer"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"

BEHIND_TLS = env.flag("BEHIND_TLS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_NAME = "trawl_session"
CSRF_COOKIE_NAME = "trawl_csrf"
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000  # the form of a target with as many fields as its table shows
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "webui" / "static", NINJA / "static"]
WHITENOISE_USE_FINDERS = True

USER_AGENT = env.text(
    "USER_AGENT", f"Trawl/{VERSION} (+{env.text('CONTACT_URL', 'https://github.com/trawl-crawler/trawl')})"
)
EGRESS_ALLOW = env.text("EGRESS_ALLOW")
TLS_CA_FILE = env.text("TLS_CA_FILE")
TRAWL_SCRAPERS = env.text("TRAWL_SCRAPERS")
FETCH_DELAY_SECONDS = env.number("FETCH_DELAY_SECONDS", 1.0)
SLICE_SECONDS = env.number("SLICE_SECONDS", 30.0, least=1)
LEASE_SECONDS = env.number("LEASE_SECONDS", 60.0, least=3)
RENEW_SECONDS = env.number("RENEW_SECONDS", 15.0, least=0.5)
SEND_SECONDS = env.number("SEND_SECONDS", 45.0, least=1)
RING_SECONDS = env.number("RING_SECONDS", 15.0, least=1)
STILL_SECONDS = env.number("STILL_SECONDS", 120.0, least=1)
KEEP_REQUESTS_DAYS = env.number("KEEP_REQUESTS_DAYS", 30)
KEEP_EVENTS_DAYS = env.number("KEEP_EVENTS_DAYS", 90)
KEEP_CHANGES_DAYS = env.number("KEEP_CHANGES_DAYS", 90)
UNAVAILABLE_HOURS = env.number("UNAVAILABLE_HOURS", 24, least=0.001)
PAGE_MEMORY_MIB = env.number("PAGE_MEMORY_MIB", 640, least=64)
METRICS_TOKEN = env.text("METRICS_TOKEN")

LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    raise ImproperlyConfigured(
        f"LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL, not {LOG_LEVEL!r}"
    )
LOGGING = logs.configuration(LOG_LEVEL)
