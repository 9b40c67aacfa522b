"""What became of items, as others follow it: noted by crawls, then numbered in an order that holds."""

from __future__ import annotations

from django.db import models

from crawler.models.items import Item


class ItemChangeKind(models.IntegerChoices):
    """What may become of an item."""

    NEW = 1, "new"
    CHANGED = 2, "changed"
    REMOVED = 3, "removed"
    RESTORED = 4, "restored"


class UnnumberedChange(models.Model):
    """That an item got a version or was removed, written with that; it waits for its number.

    It has no foreign keys: each would be looked up for every row that a crawl writes.
    """

    target = models.BigIntegerField()
    item = models.BigIntegerField()
    version = models.PositiveIntegerField()
    kind = models.SmallIntegerField(choices=ItemChangeKind.choices)
    run = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=150, default="", db_default="")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"item {self.item}, version {self.version}"


class ItemChange(models.Model):
    """A change with its number: numbers become visible in their order, so a reader can go on after any.

    `version` is the one that the change led to, and of a removed item its last one. The row of an item
    may be gone.
    """

    number = models.BigIntegerField(primary_key=True)
    target = models.ForeignKey(
        "crawler.Target",
        on_delete=models.CASCADE,
        related_name="item_changes",
        db_constraint=False,
        db_index=False,
    )
    item = models.ForeignKey(
        Item, on_delete=models.CASCADE, related_name="changes", db_constraint=False, db_index=False
    )
    version = models.PositiveIntegerField()
    kind = models.SmallIntegerField(choices=ItemChangeKind.choices)
    run = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=150, default="", db_default="")
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["target", "number"], name="item_change_by_target"),
            models.Index(fields=["item", "number"], name="item_change_by_item"),
        )

    def __str__(self) -> str:
        return f"change {self.number}: {self.get_kind_display()}"


class Changefeed(models.Model):
    """The one row that says which number was given last, and up to which changes are no longer kept.

    Whoever gives numbers or removes changes has locked it.
    """

    last = models.BigIntegerField(default=0)
    forgotten = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"changes {self.forgotten + 1} to {self.last}"
