"""What searches look up before they read rows: the marks of signatures (`policy/signatures.py`)."""

from __future__ import annotations

from django.db import models


class SearchKind(models.IntegerChoices):
    """Whose rows are searched."""

    ITEMS = 0, "items"
    PAGES = 1, "pages"


class SearchSegment(models.Model):
    """Rows with neighbouring ids whose marks are kept together.

    `changes` counts the rows that were added, also anew, since the segment was built: what they no
    longer hold keeps its marks until it is built again. It tells whether marks that were read still hold.
    """

    kind = models.SmallIntegerField(choices=SearchKind.choices)
    number = models.BigIntegerField()
    changes = models.PositiveIntegerField(default=0)
    built_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "number"], name="search_segment_once"),)
        indexes = (models.Index(fields=["built_at"], name="search_segment_by_age"),)

    def __str__(self) -> str:
        return f"segment {self.number} of {self.get_kind_display()}"


class SearchMarks(models.Model):
    """Which blocks of a segment have the mark of one place, a bit for each, compressed."""

    kind = models.SmallIntegerField(choices=SearchKind.choices)
    place = models.IntegerField()
    segment = models.BigIntegerField()
    marks = models.BinaryField()

    class Meta:
        verbose_name_plural = "search marks"
        constraints = (
            models.UniqueConstraint(fields=["kind", "place", "segment"], name="search_marks_once"),
        )
        indexes = (models.Index(fields=["kind", "segment"], name="search_marks_by_segment"),)

    def __str__(self) -> str:
        return f"marks at {self.place} of segment {self.segment}"
