"""The broker that comes with Trawl, and the one that is given."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from webui.processes import addresses, broker
from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from pathlib import Path


def test_the_embedded_broker_never_evicts_and_keeps_a_log(tmp_path: Path) -> None:
    lines = broker.Embedded(port=7000, password="secret", folder=tmp_path).configuration.splitlines()
    assert {"bind 127.0.0.1", "requirepass secret", "appendonly yes", "maxmemory-policy noeviction"} <= set(
        lines
    )


def test_its_folder_may_have_a_strange_name(tmp_path: Path) -> None:
    folder = tmp_path / 'a "b" c'
    configuration = broker.Embedded(port=7000, password="secret", folder=folder).configuration
    assert f'dir "{tmp_path}/a \\"b\\" c"' in configuration


def test_its_password_is_for_this_user_only_and_not_in_the_command(tmp_path: Path) -> None:
    own = broker.embedded(tmp_path / "broker")
    command = own.command()
    assert own.password not in " ".join(command)
    for file in own.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_an_unreachable_broker_is_one_line_without_its_password(scheme: str) -> None:
    port = addresses.free_port()
    with pytest.raises(
        CannotStart, match=f"the broker of REDIS_URL \\({scheme}://127.0.0.1:{port}\\)"
    ) as caught:
        broker.require_reachable(f"{scheme}://user:hunter2@127.0.0.1:{port}/0", name="REDIS_URL")
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
