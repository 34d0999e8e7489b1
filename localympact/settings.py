"""The portal's one settings module. Values come from the environment or from `.env`.

`.env.example` lists every variable with its meaning.
"""

import sys
from datetime import timedelta
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from environs import Env, EnvError

BASE_DIR = Path(__file__).resolve().parent.parent


def stop(sentence):
    """Leave with one sentence: a mistake in the settings needs no traceback."""
    sys.exit(f"localympact: {sentence}")


class Environment(Env):
    """The environment; what is not of the right kind is one sentence, without the value."""

    def bool(self, name, default):
        try:
            return super().bool(name, default)
        except EnvError:
            return stop(f"{name} must be on or off.")

    def int(self, name, default, least=0):
        sentence = f"{name} must be a whole number, {least} or more."
        try:
            number = super().int(name, default)
        except EnvError:
            return stop(sentence)
        return number if number >= least else stop(sentence)


env = Environment()
try:
    env.read_env(BASE_DIR / ".env", recurse=False)
except (OSError, UnicodeDecodeError) as error:
    stop(f"{BASE_DIR}/.env cannot be read: {error}.")


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    stop("SECRET_KEY is not set; `make run` writes one into .env.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
if not all(ALLOWED_HOSTS) or any("/" in host for host in ALLOWED_HOSTS):
    stop("ALLOWED_HOSTS must be names of hosts, separated by commas, without https://.")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
if not all("://" in origin for origin in CSRF_TRUSTED_ORIGINS):
    stop("CSRF_TRUSTED_ORIGINS must begin with https://, separated by commas.")

INSTALLED_APPS = [
    # Before the admin, which it translates.
    "modeltranslation",
    "localympact",
    "organizations",
    "collaborations",
    "needs",
    "localympact.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_filters",
    "django_htmx",
    "corsheaders",
    "csp",
    "reversion",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
]

MIDDLEWARE = [
    # First: a probe asks for a process, not for a page.
    "localympact.health.HealthMiddleware",
    # Then, so that every line of a request has its number.
    "localympact.logs.RequestLogMiddleware",
    # Before the first question to a database.
    "localympact.replicas.ReplicasMiddleware",
    # Then what every answer says: also one that another one below gives, and every mistake.
    "localympact.middleware.PoliciesMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Also what another one answers, such as a redirect, may be read elsewhere.
    "corsheaders.middleware.CorsMiddleware",
    "localympact.middleware.LargestRequestMiddleware",
    "localympact.middleware.RememberLanguageMiddleware",
    # Before whatever only a page that is made needs; what sets cookies for it is below.
    "localympact.caching.PublicPagesMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "localympact.middleware.StaffLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "localympact.middleware.MethodNotAllowedMiddleware",
    "axes.middleware.AxesMiddleware",
]

# Numbers for Prometheus at /metrics (metrics.py): before all that they count, behind the probes.
METRICS = env.bool("METRICS", default=False)
if METRICS:
    MIDDLEWARE.insert(1, "localympact.metrics.MetricsMiddleware")

ROOT_URLCONF = "localympact.urls"
WSGI_APPLICATION = "localympact.wsgi.application"
AUTH_USER_MODEL = "localympact.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# The database: a file beside the code, or what DATABASE_URL names.
try:
    (BASE_DIR / "var").mkdir(exist_ok=True)
except OSError:  # where the code cannot be written, DATABASE_URL and LEMMAS_ROOT name other places
    pass


def database(name, url):
    """Give the settings of a database from its URL; `name` is that of the variable."""
    try:
        found = dj_database_url.parse(url)
    except ValueError:
        stop(
            f"{name} cannot be read; write sqlite:///path/to/file or "
            "postgres://user:password@host:port/name."
        )
    options = found.setdefault("OPTIONS", {})
    match found.get("ENGINE"):
        case "django.db.backends.sqlite3":
            # Writers queue instead of failing; readers never wait.
            options |= {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            }
            # To open it, with six alphabets, takes longer than most questions.
            found["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
            # A file, not memory: the threads of the browser tests then have a connection each.
            found["TEST"] = {"NAME": BASE_DIR / "var" / "test.sqlite3"}
        case "django.db.backends.postgresql":
            # Questions of a page take milliseconds; to compile or to share them out takes longer.
            options.setdefault("options", "-c jit=off -c max_parallel_workers_per_gather=0")
            found["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
            found["CONN_HEALTH_CHECKS"] = True
            # A server that is not there, or vanishes, is known to be missing before the visitor
            # gives up: seconds, and milliseconds.
            options.setdefault("connect_timeout", 5)
            options.setdefault("tcp_user_timeout", 10_000)
        case _:
            stop(f"{name} names neither an SQLite nor a PostgreSQL database.")
    return found


DATABASES = {
    "default": database(
        "DATABASE_URL", env.str("DATABASE_URL", "") or f"sqlite:///{BASE_DIR}/var/db.sqlite3"
    )
}
# Copies that the database keeps itself, from which visitors read (replicas.py).
for _number, _url in enumerate(env.list("REPLICA_URLS", default=[]), 1):
    DATABASES[f"replica{_number}"] = _replica = database("REPLICA_URLS", _url)
    if _replica["ENGINE"] != DATABASES["default"]["ENGINE"]:
        stop("REPLICA_URLS must name databases of the same kind as DATABASE_URL.")
    # Nothing is written here, also where somebody gave a replica's place to a database of its own.
    if "options" in _replica["OPTIONS"]:
        _replica["OPTIONS"]["options"] += " -c default_transaction_read_only=on"
        _replica["OPTIONS"]["connect_timeout"] = 2
    else:
        _replica["OPTIONS"]["init_command"] = "PRAGMA query_only=1;"
REPLICAS = [name for name in DATABASES if name != "default"]
DATABASE_ROUTERS = ["localympact.replicas.Router"] if REPLICAS else []

# What is kept between requests: in each process, or in the Redis that CACHE_URL names, which all
# share and which may be away: everything in it is somewhere else, too.


def redis(url):
    """Give the settings of a cache in Redis: slow or away, it is as if it held nothing."""
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "localympact",
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
            "CONNECTION_POOL_KWARGS": {"health_check_interval": 30},
        },
    }


# Parts of pages that are the same until content or code changes (`cache` in templates) each
# process has for itself: what is asked of another one takes longer to come.
_in_process = f"django.core.cache.backends.{'dummy.DummyCache' if DEBUG else 'locmem.LocMemCache'}"
CACHES = {
    "default": {"BACKEND": _in_process, "OPTIONS": {"MAX_ENTRIES": 200}},
    "template_fragments": {
        "BACKEND": _in_process,
        "LOCATION": "template_fragments",
        "OPTIONS": {"MAX_ENTRIES": 500},
    },
}
if CACHE_URL := env.str("CACHE_URL", default=""):
    if not CACHE_URL.startswith(("redis://", "rediss://", "unix://")):
        stop("CACHE_URL must begin with redis://, rediss:// or unix://.")
    CACHES["default"] = redis(CACHE_URL)
    # Read from there, kept in the database.
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
# Seconds for which the page of a visitor is kept; it is shown while it is what it would be made now
# (caching.py). 0: each is made anew.
PAGES_KEPT = env.int("PAGES_KEPT", default=600)

# Languages: the project's six. Adding one is a migration (modeltranslation).
LANGUAGES = [
    ("lv", "Latviešu"),
    ("en", "English"),
    ("pt", "Português"),
    ("sv", "Svenska"),
    ("lt", "Lietuvių"),
    ("el", "Ελληνικά"),
]
LANGUAGE_CODE = "en"
# What Django and the packages leave in English: see collect_gaps.
PACKAGES_LOCALE = BASE_DIR / "localympact" / "locale_packages"
LOCALE_PATHS = [BASE_DIR / "locale", PACKAGES_LOCALE]
MODELTRANSLATION_DEFAULT_LANGUAGE = "en"
# One fallback rule, our own: localympact/texts.py.
MODELTRANSLATION_ENABLE_FALLBACKS = False
FORMAT_MODULE_PATH = ["localympact.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Riga"

# Dictionaries of word forms, made when they are first needed (lemmas.py).
LEMMAS_ROOT = env.str("LEMMAS_ROOT", default=str(BASE_DIR / "var" / "lemmas"))

# Dated snapshots of all data, and the address of the portal that they name (snapshots.py).
SNAPSHOTS_ROOT = Path(env.str("SNAPSHOTS_ROOT", default=str(BASE_DIR / "var" / "snapshots")))
SITE_ADDRESS = env.str("SITE_ADDRESS", default="").rstrip("/")

STATIC_URL = "static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_URL = "media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Or uploaded files are in a bucket, for any number of app servers (buckets.py).
MEDIA_S3_BUCKET, MEDIA_S3_ENDPOINT, MEDIA_S3_REGION, MEDIA_S3_KEY, MEDIA_S3_SECRET = _s3 = [
    env.str(f"MEDIA_S3_{name}", default="")
    for name in ("BUCKET", "ENDPOINT", "REGION", "KEY", "SECRET")
]
if MEDIA_S3_BUCKET:
    if "/" in MEDIA_S3_BUCKET:
        stop("MEDIA_S3_BUCKET must be the name of a bucket, without an address or a folder.")
    if not (MEDIA_S3_KEY and MEDIA_S3_SECRET):
        stop("MEDIA_S3_BUCKET is set, but MEDIA_S3_KEY and MEDIA_S3_SECRET do not both open it.")
    if not (MEDIA_S3_ENDPOINT or MEDIA_S3_REGION):
        stop("MEDIA_S3_ENDPOINT names the server of the bucket, or MEDIA_S3_REGION that of Amazon.")
    if MEDIA_S3_ENDPOINT and not MEDIA_S3_ENDPOINT.startswith(("http://", "https://")):
        stop("MEDIA_S3_ENDPOINT must begin with https:// or http://.")
    STORAGES["default"] = {
        "BACKEND": "localympact.buckets.Bucket",
        "OPTIONS": {
            "bucket_name": MEDIA_S3_BUCKET,
            "endpoint_url": MEDIA_S3_ENDPOINT or None,
            "region_name": MEDIA_S3_REGION or "us-east-1",
            "access_key": MEDIA_S3_KEY,
            "secret_key": MEDIA_S3_SECRET,
            # Few servers but Amazon's have a name of their own for each bucket.
            "addressing_style": "path" if MEDIA_S3_ENDPOINT else "virtual",
        },
    }
elif any(_s3):
    stop("MEDIA_S3_… is set, but MEDIA_S3_BUCKET names no bucket.")

# Passwords and sign-in
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

AUTHENTICATION_BACKENDS = [
    # First, so that no password is tried for whoever is locked out.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL, LOGIN_REDIRECT_URL = "admin:login", "admin:index"
# The longest that a link to set a password is good: the one of an invitation (people.py).
PASSWORD_RESET_TIMEOUT = 3 * 24 * 60 * 60
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", default=12, least=1) * 60 * 60

# The second factor. On the developer's own machine it is required only where that is asked for.
THIS_MACHINE = {"localhost", "127.0.0.1", "[::1]"}
LOCAL = DEBUG or set(ALLOWED_HOSTS) <= THIS_MACHINE
REQUIRE_2FA = env.bool("REQUIRE_2FA", default=not LOCAL)
OTP_TOTP_ISSUER = "LOCAL-Y-MPACT"

# Lock-out: an account after failures from anywhere, an address after failures with any account.
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_FAILURE_LIMIT = env.int("LOCK_OUT_AFTER", default=10, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOCK_OUT_MINUTES", default=30))
# Whoever goes on trying does not keep the owner of an account out for ever.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "localympact.access.address_of"
AXES_USERNAME_CALLABLE = "localympact.access.counted_name"
AXES_LOCKOUT_CALLABLE = "localympact.people.locked_out"
# The log of sign-ins is our own (localympact/access.py).
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# Days that the lines of that log are kept, with names and network addresses.
ACCESS_LOG_KEPT_DAYS = env.int("ACCESS_LOG_KEPT_DAYS", default=365)

# Nothing comes from another host, and no code stands in a page.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "object-src": [NONE],
    }
}
# Files and JSON may be read by the pages of any site, without cookies. Pages and the admin may not.
_languages = "|".join(code for code, _name in LANGUAGES)
CORS_URLS_REGEX = (
    r"^/(?:openapi\.json|catalog\.[a-z]+|id/[^/]+|data/.*(?:\.[a-z]+|SUMS)|"
    rf"(?:(?:{_languages})/)?(?:"
    r"(?:organizations|collaborations|needs)(?:\.json|/(?:export|feed)\.[^/]+)|data/.*\.[a-z]+))$"
)
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS"]
CORS_ALLOW_HEADERS = ["Accept", "Accept-Language", "If-Modified-Since", "If-None-Match"]
CORS_EXPOSE_HEADERS = ["Content-Disposition", "ETag", "Last-Modified", "Link"]
CSRF_FAILURE_VIEW = "localympact.pages.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
# HTTPS=on where a proxy ends TLS in front of the portal and sets X-Forwarded-Proto.
HTTPS = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
if HTTPS:
    if set(ALLOWED_HOSTS) <= THIS_MACHINE:
        stop("HTTPS is on, but ALLOWED_HOSTS names this machine only: visitors would be refused.")
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000)

# Whether HSTS holds for other hosts of the domain, and in browsers' lists, is for its owner to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# Of a form without its files; of everything that comes at once, before it is read. A file of 20 MB
# may be imported, and somewhat larger ones are told so.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
LARGEST_REQUEST = 32 * 1024 * 1024

# What lines of the log look like, and whether each request writes one (logs.py).
LOG_FORMAT = env.str("LOG_FORMAT", default="") or "line"
if LOG_FORMAT not in ("line", "json"):
    stop("LOG_FORMAT must be line or json.")
LOG_REQUESTS = env.bool("LOG_REQUESTS", default=False)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "localympact.logs.Lines"},
        "json": {"()": "localympact.logs.JsonLines"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Django adds its own console handler in debug mode only; errors must show in production.
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # A hostile Host header or an unknown page is the visitor's mistake, not ours.
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # Who comes in, and who is locked out, stands in the log of sign-ins.
        "axes": {"level": "ERROR"},
    },
}

# What the pages may name when it is known; an empty one is not shown.
CONTACT_EMAIL = env.str("CONTACT_EMAIL", default="")
OPERATOR = env.str("OPERATOR", default="")
# What kind of body that is, for the catalogue of the data: http://purl.org/adms/publishertype/
OPERATOR_TYPE = env.str("OPERATOR_TYPE", default="") or "NonProfitOrganisation"
FUNDING_NUMBER = env.str("FUNDING_NUMBER", default="")
ENFORCEMENT_BODY = env.str("ENFORCEMENT_BODY", default="")
ENFORCEMENT_URL = env.str("ENFORCEMENT_URL", default="")

# After how many days an entry must be verified again.
VERIFY_AFTER_DAYS = env.int("VERIFY_AFTER_DAYS", default=365)

# What visitors write: how long it is kept, and how much of it may come within an hour.
SUGGESTIONS_KEPT_DAYS = env.int("SUGGESTIONS_KEPT_DAYS", default=180)
SUGGESTIONS_AN_HOUR = env.int("SUGGESTIONS_AN_HOUR", default=5)
SUGGESTIONS_AN_HOUR_FROM_ALL = env.int("SUGGESTIONS_AN_HOUR_FROM_ALL", default=200)
# Searches that found nothing: after how many days without being asked again they are forgotten.
SEARCHES_KEPT_DAYS = env.int("SEARCHES_KEPT_DAYS", default=365)
# How many proxies stand in front: the visitor's address is that many from the end of
# X-Forwarded-For. With 0 the header is a stranger's word and not read.
PROXIES = env.int("PROXIES", default=0)

# Mail: without a server none is sent; nothing waits for it.
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
if EMAIL_PORT > 65535:
    stop("EMAIL_PORT must be a number of a port, 65535 at most.")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 5
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default=CONTACT_EMAIL or "localympact")
