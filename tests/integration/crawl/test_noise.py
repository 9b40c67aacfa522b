"""A target that ignores something is crawled twice: a page that differs only in that has not changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from crawler.models import Page, PageVersion
from crawler.queries import leading
from crawler.services import judging
from tests.crawling import a_run, again, finished

if TYPE_CHECKING:
    from tests.site import HostileSite

pytestmark = pytest.mark.django_db(transaction=True)


def test_crawled_page_that_differs_in_noise_alone_has_not_changed(hostile_site: HostileSite) -> None:
    hostile_site.serve("/", "<a href=/dear>dear</a><p>1 view")
    hostile_site.serve("/dear", "<p>Kettle, 38 EUR<p>1 view")
    first = finished(a_run(hostile_site.url("/"), noise={"counters": True}))
    hostile_site.serve("/", "<a href=/dear>dear</a><p>2 views")
    hostile_site.serve("/dear", "<p>Kettle, 41 EUR<p>2 views")
    second = finished(again(first))
    judging.work(now=timezone.now())

    since = second.created_at
    start, dear = Page.objects.get(url=hostile_site.url("/")), Page.objects.get(url__endswith="/dear")
    assert (start.changed_at < since, dear.changed_at > since) == (True, True)
    assert (start.body_at is not None, dear.body_at) == (True, None)
    assert (start.changes, dear.changes) == (0, 1)
    second.refresh_from_db()
    assert (second.pages_noise, second.pages_unchanged) == (1, 0)
    assert leading.to_changed(second) == sorted([start.pk, dear.pk]), "bodies are read again whatever counts"


def test_crawl_that_began_before_anything_was_ignored_is_not_judged(hostile_site: HostileSite) -> None:
    hostile_site.serve("/", "<p>x<p>1 view")
    first = finished(a_run(hostile_site.url("/")))
    second = again(first)
    first.target.noise = {"counters": True}
    first.target.save()
    hostile_site.serve("/", "<p>x<p>2 views")
    finished(second)
    judging.work(now=timezone.now())
    assert PageVersion.objects.get().noise == ""
    assert Page.objects.get().changed_at > second.created_at
