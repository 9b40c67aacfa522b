"""What is waiting to be fetched, on which host, and who holds it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class RequestState(models.IntegerChoices):
    """The states of a request; all but the first two are final."""

    QUEUED = 0, "queued"
    LEASED = 1, "leased"
    DONE = 2, "done"
    FAILED = 3, "failed"
    SKIPPED = 4, "skipped"
    DEAD = 5, "dead"


class RequestKind(models.IntegerChoices):
    """What a request asks for: a page, a sitemap, or which sitemaps a robots.txt names."""

    PAGE = 0, "page"
    SITEMAP = 1, "sitemap"
    ROBOTS = 2, "robots.txt"


class BacklogKind(models.IntegerChoices):
    """Who may serve a backlog: http workers, browser workers, or only the terminal that began its run."""

    HTTP = 0, "http"
    BROWSER = 1, "browser"
    TERMINAL = 2, "terminal"


class Host(models.Model):
    """The ledger of one host (scheme, name and port), for the whole installation.

    A host is leased by the slice whose row is named in `lease_owner`, for as long as that row is
    renewed. Only the holder writes the politeness columns, and only `WHERE lease_epoch` is its own.
    `due_at` and `top_priority` are the best of the open backlogs that http workers serve; `due_at`
    is empty exactly when those have nothing queued. At `rises_at` something more urgent than
    `top_priority` becomes due.
    """

    origin = models.CharField(max_length=300, unique=True)
    due_at = models.DateTimeField(null=True, blank=True)
    top_priority = models.SmallIntegerField(default=0)
    rises_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=200, blank=True, default="")
    lease_epoch = models.BigIntegerField(default=0)
    wanted_at = models.DateTimeField(null=True, blank=True)
    turns = models.BigIntegerField(default=0)

    delay_seconds = models.FloatField(null=True, blank=True)
    delay_reason = models.CharField(max_length=10, blank=True, default="", db_default="")
    crawl_delay_seconds = models.FloatField(null=True, blank=True)
    latency_seconds = models.FloatField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    last_status = models.CharField(max_length=60, blank=True, default="")
    failures = models.PositiveIntegerField(default=0)
    unavailable_since = models.DateTimeField(null=True, blank=True)
    circuit_openings = models.PositiveSmallIntegerField(default=0)
    hold_reason = models.CharField(max_length=60, blank=True, default="")
    http1_until = models.DateTimeField(null=True, blank=True)

    robots_state = models.CharField(max_length=20, blank=True, default="")
    robots_body = models.BinaryField(default=b"", blank=True)
    robots_fetched_at = models.DateTimeField(null=True, blank=True)
    robots_until = models.DateTimeField(null=True, blank=True)
    robots_failures = models.PositiveSmallIntegerField(default=0)
    robots_failed_at = models.DateTimeField(null=True, blank=True)
    robots_reason = models.CharField(max_length=60, blank=True, default="", db_default="")

    class Meta:
        indexes = (
            models.Index(
                fields=["top_priority", "due_at"],
                name="host_free_due",
                condition=Q(lease_owner="", due_at__isnull=False),
            ),
            models.Index(fields=["lease_owner"], name="host_leased", condition=~Q(lease_owner="")),
            models.Index(
                fields=["rises_at"],
                name="host_rises",
                condition=Q(lease_owner="", rises_at__isnull=False),
            ),
            models.Index(fields=["wanted_at"], name="host_wanted", condition=Q(wanted_at__isnull=False)),
        )

    def __str__(self) -> str:
        return self.origin


class Backlog(models.Model):
    """What one run has waiting on one host for one kind of worker.

    Pause, cancel and priority change backlogs, never requests. `due_at` is the earliest time
    at which one of its requests may be claimed, empty when none is queued; it may be early but
    never late. `shapes` is what the host's last holder kept of the shapes of URLs whose pages bring
    nothing new (`frontier/shapes.py`), empty for most.
    """

    run = models.ForeignKey("crawler.Run", on_delete=models.CASCADE, related_name="backlogs")
    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="backlogs", db_index=False)
    kind = models.SmallIntegerField(choices=BacklogKind.choices, default=BacklogKind.HTTP)
    priority = models.PositiveSmallIntegerField(default=5)
    open = models.BooleanField(default=True)
    due_at = models.DateTimeField(null=True, blank=True)
    turn = models.BigIntegerField(default=0)
    shapes = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "host", "kind"], name="backlog_once"),)
        indexes = (
            models.Index(
                fields=["host", "priority"], name="backlog_due", condition=Q(open=True, due_at__isnull=False)
            ),
            models.Index(
                fields=["run", "due_at", "id"], name="backlog_waiting", condition=Q(due_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"backlog {self.pk}"


class Request(models.Model):
    """One URL to fetch in one run.

    A leased request has no lease of its own: it follows its host's, by the epoch it was
    claimed under. `losses` counts the processes that vanished while they held it. `path_key` is
    the same for all queries of one path, and empty for a URL without one. A URL may be asked for as a
    page and as a sitemap: the `key` of a sitemap is another one, and it has no `path_key`. `leads_to` is
    where it was redirected; all others have none, as have redirects that are older than this column.
    """

    run = models.ForeignKey("crawler.Run", on_delete=models.CASCADE, related_name="requests", db_index=False)
    host = models.ForeignKey(Host, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    backlog = models.ForeignKey(Backlog, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    key = models.BinaryField(max_length=16)
    path_key = models.BigIntegerField(null=True, blank=True)
    url = models.TextField()
    kind = models.SmallIntegerField(choices=RequestKind.choices, default=RequestKind.PAGE, db_default=0)
    depth = models.PositiveSmallIntegerField(default=0)
    state = models.SmallIntegerField(choices=RequestState.choices, default=RequestState.QUEUED)
    not_before = models.DateTimeField(null=True, blank=True)
    epoch = models.BigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    losses = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True, default="")
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    parent = models.BigIntegerField(null=True, blank=True)
    via = models.TextField(blank=True, default="")
    leads_to = models.TextField(null=True, blank=True)  # noqa: DJ001 so it is added without a copy of the table
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "key"], name="request_once"),)
        indexes = (
            models.Index(
                fields=["backlog", "id"], name="request_due", condition=Q(state=0, not_before__isnull=True)
            ),
            models.Index(
                fields=["backlog", "not_before"],
                name="request_delayed",
                condition=Q(state=0, not_before__isnull=False),
            ),
            models.Index(fields=["host"], name="request_leased", condition=Q(state=1)),
            models.Index(
                fields=["run", "path_key"], name="request_variants", condition=Q(path_key__isnull=False)
            ),
            models.Index(fields=["run", "state", "id"], name="request_by_state"),
            models.Index(fields=["parent"], name="request_hops", condition=~Q(via="")),
            models.Index(fields=["run", "id"], name="request_sitemap", condition=Q(kind__gte=1)),
        )

    def __str__(self) -> str:
        return self.url


class OutsideLink(models.Model):
    """A sample of the links a run did not follow, at most a hundred a reason; the rest are only counted."""

    run = models.ForeignKey("crawler.Run", on_delete=models.CASCADE, related_name="outside_links")
    reason = models.CharField(max_length=60)
    url = models.TextField()

    def __str__(self) -> str:
        return self.url


class SpareLink(models.Model):
    """A link that a run found when its page limit was used up: it takes the place of one that is skipped.

    At most a thousand a run, the oldest; the rest are only counted. `Run.over_budget` counts these too,
    until they become requests.
    """

    run = models.ForeignKey(
        "crawler.Run", on_delete=models.CASCADE, related_name="spare_links", db_index=False
    )
    key = models.BinaryField(max_length=16)
    url = models.TextField()
    depth = models.PositiveSmallIntegerField(default=0)
    parent = models.BigIntegerField(null=True, blank=True)
    via = models.TextField(blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "key"], name="spare_link_once"),)
        indexes = (models.Index(fields=["run", "id"], name="spare_link_by_run"),)

    def __str__(self) -> str:
        return self.url


class CarriedRecord(models.Model):
    """A record of a run on its way to the page that completes it, as JSON in `data`.

    It is there until the `request` for that page is settled, and then is an item: with what the page has, or
    without it. `callback` is how its scraper goes on with it, `digest` tells it from others of the request.
    """

    run = models.ForeignKey(
        "crawler.Run", on_delete=models.CASCADE, related_name="carried_records", db_index=False
    )
    request = models.BigIntegerField()
    digest = models.BinaryField(max_length=16)
    url = models.TextField()
    callback = models.TextField()
    data = models.BinaryField()
    partial = models.BooleanField()
    level = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["run", "request", "digest"], name="carried_record_once"),
        )

    def __str__(self) -> str:
        return self.url


class SitemapReading(models.Model):
    """What one sitemap of a run lists: pages (`entries`), further sitemaps, and how many pages were taken.

    `request` is the request that asked for it. A robots.txt lists sitemaps only.
    """

    run = models.ForeignKey(
        "crawler.Run", on_delete=models.CASCADE, related_name="sitemap_readings", db_index=False
    )
    request = models.BigIntegerField()
    url = models.TextField()
    kind = models.SmallIntegerField(choices=RequestKind.choices)
    entries = models.PositiveIntegerField()
    taken = models.PositiveIntegerField()
    sitemaps = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "request"], name="sitemap_reading_once"),)

    def __str__(self) -> str:
        return self.url


class LaneState(models.Model):
    """The bell of one lane: rung at most every 15 s (`RING_SECONDS`) until a starting slice clears it.

    `started_at` is when a slice last started that takes its hosts, whichever lane asked for that.
    """

    name = models.CharField(max_length=10, primary_key=True)
    rung_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Slice(models.Model):
    """A running slice, by the name its hosts are leased under; `run` when it serves only one."""

    owner = models.CharField(max_length=200, unique=True)
    lane = models.CharField(max_length=10)
    node = models.CharField(max_length=100)
    run = models.BigIntegerField(null=True, blank=True)
    started_at = models.DateTimeField()
    renewed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.owner
