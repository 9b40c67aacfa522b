"""What is known of each URL of a target, and the stored versions of its body."""

from __future__ import annotations

from django.db import models


class Snapshot(models.Model):
    """One stored body: named by the hash of its bytes, compressed with Zstandard, never changed."""

    hash = models.BinaryField(max_length=16, unique=True)
    body = models.BinaryField()
    size = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"snapshot {self.pk}"


class Page(models.Model):
    """What is known of one URL of a target: validators, hashes, when it last changed.

    `visits` to `changed_squares` are what its visits saw of its changes (`policy/refresh/rates.py`);
    `refresh_at` is when it is to be asked again between runs, on targets that do that. `canonical` is the
    URL that the page says it is to be known by, where that is another; `hints` are the lines of its
    head that say such things. `lastmod` is when the sitemap that was read last says that it changed.
    `changed_at` is when it last changed in what counts; `body_at` since when its body is what it is, empty
    where that is the same.
    `searchable` once the index of searches has it as it is; searches read all others.
    """

    target = models.ForeignKey(
        "crawler.Target", on_delete=models.CASCADE, related_name="pages", db_index=False
    )
    key = models.BinaryField(max_length=16)
    url = models.TextField()
    run = models.BigIntegerField()
    status = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=200, blank=True, default="")
    title = models.CharField(max_length=500, blank=True, default="")
    etag = models.CharField(max_length=500, blank=True, default="")
    last_modified = models.CharField(max_length=100, blank=True, default="")
    body_hash = models.BinaryField(max_length=16)
    size = models.PositiveIntegerField(default=0)
    noindex = models.BooleanField(default=False)
    canonical = models.TextField(blank=True, default="", db_default="")
    hints = models.TextField(blank=True, default="", db_default="")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    changed_at = models.DateTimeField()
    body_at = models.DateTimeField(null=True, blank=True)

    visits = models.FloatField(default=0.0, db_default=0.0)
    changes = models.FloatField(default=0.0, db_default=0.0)
    unchanged_seconds = models.FloatField(default=0.0, db_default=0.0)
    changed_seconds = models.FloatField(default=0.0, db_default=0.0)
    changed_squares = models.FloatField(default=0.0, db_default=0.0)
    refresh_at = models.DateTimeField(null=True, blank=True)
    lastmod = models.DateTimeField(null=True, blank=True)
    refresh_failures = models.PositiveSmallIntegerField(default=0, db_default=0)
    searchable = models.BooleanField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["target", "key"], name="page_once"),)
        indexes = (
            models.Index(fields=["target", "id"], name="page_by_target"),
            models.Index(fields=["body_hash"], name="page_by_body"),
            models.Index(fields=["changed_at", "id"], name="page_by_change"),
            models.Index(
                fields=["id"], name="page_unsearchable", condition=models.Q(searchable__isnull=True)
            ),
            models.Index(fields=["status", "id"], name="page_by_status", condition=~models.Q(status=200)),
            models.Index(
                fields=["target", "refresh_at"],
                name="page_to_refresh",
                condition=models.Q(refresh_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.url


class PageVersion(models.Model):
    """What a page was before its body changed: the page itself holds what it is now.

    It held from `began_at` until `ended_at`, when the run `ended_by` saw another body; `run` is the
    last that saw it, at `seen_at`. `stored_size` is what its compressed body takes, 0 where it was not
    kept. Clean-up removes versions that their target keeps no longer, the oldest of a page first.
    Whether the change that ended it counts is to be judged while `awaits_judgement`; `noise` are the kinds of
    noise of which alone it consisted, with commas between, empty where it counts. `counted_at` is when the
    page had last changed before that in what counts, `visits` what the page's were then.
    """

    target = models.ForeignKey(
        "crawler.Target", on_delete=models.CASCADE, related_name="page_versions", db_index=False
    )
    page = models.ForeignKey(
        Page, on_delete=models.CASCADE, related_name="versions", db_index=False, db_constraint=False
    )
    run = models.BigIntegerField()
    ended_by = models.BigIntegerField()
    status = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=200, blank=True)
    body_hash = models.BinaryField(max_length=16)
    size = models.PositiveIntegerField()
    stored_size = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    awaits_judgement = models.BooleanField(default=False, db_default=False)
    noise = models.CharField(max_length=60, blank=True, default="", db_default="")
    counted_at = models.DateTimeField(null=True, blank=True)
    visits = models.FloatField(default=0.0, db_default=0.0)

    class Meta:
        indexes = (
            models.Index(
                fields=["target", "id"],
                name="version_awaits_judgement",
                condition=models.Q(awaits_judgement=True),
            ),
            models.Index(fields=["target", "page", "id"], name="version_by_page"),
            models.Index(fields=["target", "ended_at", "id"], name="version_by_end"),
            models.Index(fields=["body_hash"], name="version_by_body"),
        )

    def __str__(self) -> str:
        return f"version {self.pk} of page {self.page_id}"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of noise of which alone the change that ended it consisted; none where it counts."""
        return tuple(self.noise.split(",")) if self.noise else ()


class PageFingerprint(models.Model):
    """The SimHash of the text of a stored body, as a signed number; made when somebody looks for near copies.

    `words` is 0 where the body has no text that could be read.
    """

    body_hash = models.BinaryField(max_length=16, unique=True)
    simhash = models.BigIntegerField()
    words = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"fingerprint {self.pk}"
