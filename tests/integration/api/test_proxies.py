"""What the API says of a target's proxies."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from crawler.models import Target
from crawler.policy import proxies as policy
from crawler.policy.proxies import Health
from crawler.stores import proxies
from tests.integration.api.conftest import Api

NOW = timezone.now().replace(microsecond=0)
GOOD, BAD = "http://one.example.org:8080", "https://ada:s3cret@two.example.org:8443"


def noted(target: Target, error: str, *, rests: timedelta | None) -> None:
    until = None if rests is None else NOW + rests
    key = policy.key_of(policy.parse(BAD))
    health = Health(key=key, changed_at=NOW, failures=2 if error else 0, error=error, rests_until=until)
    proxies.save([(target.pk, health)])


def test_a_target_without_proxies_has_none(api: Api, target: Target) -> None:
    assert api.get(f"/targets/{target.pk}/proxies").json() == {"items": []}


def test_proxies_are_told_with_their_health_and_without_their_passwords(api: Api, target: Target) -> None:
    Target.objects.filter(pk=target.pk).update(proxies=[GOOD, BAD])
    noted(target, "the proxy accepts no connection", rests=timedelta(hours=1))

    answer = api.get(f"/targets/{target.pk}/proxies")

    assert answer.json()["items"] == [
        {"proxy": GOOD, "failures": 0, "error": "", "rests_until": None},
        {
            "proxy": "https://ada:(hidden)@two.example.org:8443",
            "failures": 2,
            "error": "the proxy accepts no connection",
            "rests_until": (NOW + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    ]
    assert "s3cret" not in answer.content.decode()


def test_proxy_whose_rest_is_over_has_its_turns_again(api: Api, target: Target) -> None:
    Target.objects.filter(pk=target.pk).update(proxies=[BAD])
    noted(target, "the proxy accepts no connection", rests=-timedelta(seconds=1))

    (line,) = api.get(f"/targets/{target.pk}/proxies").json()["items"]

    assert (line["failures"], line["rests_until"]) == (2, None)


def test_proxy_that_works_again_has_no_error(api: Api, target: Target) -> None:
    Target.objects.filter(pk=target.pk).update(proxies=[BAD])
    noted(target, "", rests=None)

    assert api.get(f"/targets/{target.pk}/proxies").json()["items"][0]["error"] == ""
