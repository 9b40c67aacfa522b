"""How far background work came with what it cannot look at in one go."""

from __future__ import annotations

from django.db import models


class Sweep(models.Model):
    """Where a look at very many rows stopped: the next one goes on there.

    Looks are at the versions of a target, at all bodies, and for the items that a run did not see; and at
    what is due every few seconds, which is always done from the beginning. `place` is empty where it
    begins anew; `at` is when it was last seen to.
    """

    name = models.CharField(max_length=40, primary_key=True)
    place = models.JSONField(default=dict)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
