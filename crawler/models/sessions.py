"""What runs remember between their requests."""

from __future__ import annotations

from django.db import models


class Cookie(models.Model):
    """One cookie of a run, or the mark of a removed one: `secret` is all of it, encrypted.

    `key` names it by a hash of domain, path and name. Rows go when their run ends.
    """

    run = models.ForeignKey("crawler.Run", on_delete=models.CASCADE, related_name="cookies", db_index=False)
    key = models.BinaryField(max_length=16)
    secret = models.TextField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "key"], name="cookie_once"),)
        indexes = (models.Index(fields=["run", "changed_at"], name="cookie_changed"),)

    def __str__(self) -> str:
        return f"a cookie of run {self.run_id}"
