"""Records that runs read and that are no items yet: until their run has been judged, or somebody decides."""

from __future__ import annotations

from django.db import models

from crawler.models.fields import OrderedJSONField


class Publication(models.TextChoices):
    """What becomes of what a run reads.

    `direct`: items, at once. Otherwise it waits until the run has ended and was compared with what is
    usual. Then it is published, or held until a person decides.
    """

    DIRECT = "direct", "at once"
    WAITING = "waiting", "when the run is compared"
    HELD = "held", "held"
    PUBLISHING = "publishing", "being published"
    PUBLISHED = "published", "published"
    DISCARDING = "discarding", "being discarded"
    DISCARDED = "discarded", "discarded"


VISIBLE = (Publication.DIRECT, Publication.PUBLISHED)
"""Of these runs everything they read is among the items, or was."""
UNPUBLISHED = (Publication.WAITING, Publication.HELD, Publication.PUBLISHING, Publication.DISCARDING)
UNDER_WAY = (Publication.PUBLISHING, Publication.DISCARDING)


class HeldItem(models.Model):
    """A record of a run that publishes later: what it says, and the page and time it was read.

    Of two records of a run with one key the later one is kept. It has no foreign keys, as what crawls
    write by the row has none.
    """

    run = models.BigIntegerField()
    key_hash = models.BinaryField(max_length=16)
    key = models.TextField()
    url = models.TextField()
    data = OrderedJSONField()
    content_hash = models.BinaryField(max_length=16)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "key_hash"], name="held_item_once"),)

    def __str__(self) -> str:
        return self.key
