"""Credentials for the administrator's shell."""

import subprocess

import pytest

from cli.cloud import client, paths

PASSWORD = "it's $HOME `id` \"x\" \\"


@pytest.fixture
def place(tmp_path):
    found = paths.of(tmp_path)
    found.host.mkdir()
    client.write(found, auth_url="http://127.0.0.1:5000/v3",
                 password=PASSWORD, region="RegionOne")
    return found


def test_clouds_yaml_is_for_root_alone(place):
    assert place.clouds.stat().st_mode & 0o777 == 0o600
    assert client.read(place)["auth"]["password"] == PASSWORD


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shell_gets_exactly_the_password(place, shell):
    lines = "\n".join(client.shell_lines(place))
    said = subprocess.run(
        [shell, "-ec", f'OS_TOKEN=stale; export OS_TOKEN\n{lines}\n'
         'printf "%s|%s" "$OS_PASSWORD" "${OS_TOKEN-gone}"'],
        capture_output=True, text=True, check=True).stdout
    assert said == f"{PASSWORD}|gone"


def test_no_proxy_is_asked_for_the_cloud(place):
    lines = "\n".join(client.shell_lines(place) * 2)
    said = [subprocess.run(
        ["sh", "-euc", f'{before}\n{lines}\nsh -c \'echo "$no_proxy"\''],
        capture_output=True, text=True, check=True).stdout.strip()
        for before in ("unset no_proxy NO_PROXY", "export no_proxy=x.org",
                       "unset no_proxy; NO_PROXY=x.org")]
    assert said == ["127.0.0.1", "x.org,127.0.0.1", "x.org,127.0.0.1"]


def test_tools_come_into_the_path_once(place):
    lines = "\n".join(client.shell_lines(place) * 2)
    said = subprocess.run(
        ["sh", "-ec", f'{lines}\necho "$PATH"'],
        capture_output=True, text=True, check=True).stdout.strip()
    tools = said.split(":")[0]
    assert said.split(":").count(tools) == 1
