"""Scraped records: the current one, its earlier versions, and which run saw which."""

from __future__ import annotations

from django.db import models

from crawler.models.fields import OrderedJSONField


class Item(models.Model):
    """One scraped record of a target, by its key: the current version.

    It holds from `changed_at` on, until `removed_at` where that is set. Earlier versions end where the next
    begins, or where the item was removed before that: at each moment there is one at most.
    `searchable` once the index of searches has it as it is; searches read all others.
    """

    target = models.ForeignKey(
        "crawler.Target", on_delete=models.CASCADE, related_name="items", db_index=False
    )
    key_hash = models.BinaryField(max_length=16)
    key = models.TextField()
    url = models.TextField()
    run = models.BigIntegerField()
    version = models.PositiveIntegerField(default=1)
    data = OrderedJSONField()
    content_hash = models.BinaryField(max_length=16)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    searchable = models.BooleanField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["target", "key_hash"], name="item_once"),)
        indexes = (
            models.Index(fields=["target", "id"], name="item_by_target"),
            models.Index(fields=["changed_at", "id"], name="item_by_change"),
            models.Index(
                fields=["target", "id"], name="item_removed", condition=models.Q(removed_at__isnull=False)
            ),
            models.Index(
                fields=["id"], name="item_unsearchable", condition=models.Q(searchable__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return self.key


class ItemVersion(models.Model):
    """An earlier version of an item, as it was between two moments."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="versions", db_index=False)
    version = models.PositiveIntegerField()
    run = models.BigIntegerField()
    url = models.TextField()
    data = OrderedJSONField()
    content_hash = models.BinaryField(max_length=16)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["item", "version"], name="item_version_once"),)

    def __str__(self) -> str:
        return f"version {self.version} of item {self.item_id}"


class ItemFilling(models.Model):
    """Fields that an item's version lacked from one moment to another, as a stored page said them then.

    The version stays as it was read; whoever tells what the item said at a moment adds these
    (`policy/filling.py`). Those of one version do not overlap; one that reaches beyond its version holds as
    long as that.
    """

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="fillings", db_index=False)
    version = models.PositiveIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    data = OrderedJSONField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["item", "version", "since"], name="item_filling_once"),
        )

    def __str__(self) -> str:
        return f"of version {self.version} of item {self.item_id}, from {self.since}"


class Sighting(models.Model):
    """That a run saw an item, in which version."""

    run = models.ForeignKey("crawler.Run", on_delete=models.CASCADE, related_name="sightings", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="sightings")
    version = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "item"], name="sighting_once"),)

    def __str__(self) -> str:
        return f"run {self.run_id} saw item {self.item_id}"
