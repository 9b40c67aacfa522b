"""How far clean-up came with what it cannot look at in one go."""

from __future__ import annotations

from django.db import models


class Sweep(models.Model):
    """Where the look at the versions of a target stopped, or that at all bodies: the next one goes on there.

    `place` is empty where it begins anew; `at` is when it was last seen to.
    """

    name = models.CharField(max_length=40, primary_key=True)
    place = models.JSONField(default=dict)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
