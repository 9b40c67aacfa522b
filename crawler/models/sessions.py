"""What runs remember between their requests, and how the proxies of targets do."""

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


class RunLogin(models.Model):
    """How a run that has to log in stands with that.

    While `Run.awaits_login` nothing of the run is fetched. `number` counts how often the run was found
    to be logged in; who finds that over says which number it knew. `working` says that a worker is at
    it since `asked_at`, `tries` how often the site did not answer. Its last login took place at
    `logged_in_at`, when it had so many `pages`; `streak` counts the logins before that one which were
    in vain, in a row.
    """

    run = models.OneToOneField("crawler.Run", on_delete=models.CASCADE, related_name="login")
    number = models.PositiveIntegerField(default=0)
    working = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    streak = models.PositiveSmallIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    logged_in_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"login {self.number} of run {self.run_id}"


class ProxyHealth(models.Model):
    """How one of a target's proxies does, since it first failed; `key` is a hash of its user and address."""

    target = models.ForeignKey(
        "crawler.Target", on_delete=models.CASCADE, related_name="proxy_health", db_index=False
    )
    key = models.BinaryField(max_length=16)
    failures = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, default="")
    rests_until = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["target", "key"], name="proxy_health_once"),)

    def __str__(self) -> str:
        return f"a proxy of target {self.target_id}"
