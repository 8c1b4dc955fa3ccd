"""What deploy/ says of the app is so: versions, files, options, paths, names, the hash in the policy."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import socket
import subprocess
import tomllib
from pathlib import Path

import pytest
import streamlit
import yaml
from streamlit.web.cli import main_run
from streamlit.web.server.starlette import starlette_app, starlette_routes, starlette_websocket

from optviz.web import cli
from optviz.web.widgets import player

ROOT = Path(__file__).resolve().parents[2]


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


DOCKERFILE = text("deploy/Dockerfile").replace("\\\n", " ")
NGINX = text("deploy/nginx.conf")
COMPOSE = yaml.safe_load(text("deploy/compose.yaml"))
HOSTING = text("docs/hosting.md")


def command() -> list[str]:
    """What the image runs."""
    return json.loads(re.search(r"^CMD (\[.*\])", DOCKERFILE, re.MULTILINE)[1])


def given() -> dict[str, object]:
    """The options of the image, as Streamlit understands them."""
    _, *arguments = cli.arguments(command()[1:])
    return main_run.make_context("run", arguments).params


# --- The image ---


def test_the_images_python_is_one_that_the_package_takes_and_is_tested_with():
    (version,) = re.findall(r"^ARG PYTHON=([\d.]+)$", DOCKERFILE, re.MULTILINE)
    project = tomllib.loads(text("pyproject.toml"))
    (lowest,) = re.findall(r"^>=([\d.]+)$", project["project"]["requires-python"])
    assert [int(part) for part in version.split(".")] >= [int(part) for part in lowest.split(".")]
    assert version == project["tool"]["mypy"]["python_version"]
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(set(stages)) == 1 and "python:${PYTHON}-slim" in stages[0]


def test_what_is_copied_exists_and_reaches_the_build():
    copied = {
        name
        for names in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for name in names.split()
    }
    let_in = set(re.findall(r"^!(.+)$", text("deploy/Dockerfile.dockerignore"), re.MULTILINE))
    assert copied == let_in and all((ROOT / name).exists() for name in copied)


def test_the_package_finds_all_that_its_build_reads():
    project = tomllib.loads(text("pyproject.toml"))["project"]
    read = {project["readme"], *project["license-files"], "pyproject.toml", "optviz"}
    assert read <= set(
        re.findall(r"[\w.]+", " ".join(re.findall(r"^COPY (?!--).+", DOCKERFILE, re.MULTILINE)))
    )


def test_the_images_command_is_the_packages_with_options_that_streamlit_knows():
    assert command()[0] in tomllib.loads(text("pyproject.toml"))["project"]["scripts"]
    assert given()["server_headless"] is True and given()["server_address"] == "0.0.0.0"


def test_one_port_in_all_files():
    port = str(given()["server_port"])
    assert re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE) == [port]
    assert re.findall(r"http://127.0.0.1:(\d+)/", DOCKERFILE) == [port]
    assert set(re.findall(r"server \S+:(\d+)", NGINX)) == {port}
    assert re.findall(r"app_port: (\d+)", HOSTING) == [port]


def test_the_image_is_checked_where_the_app_answers_and_not_run_by_root():
    (checked,) = re.findall(r"http://127.0.0.1:\d+/([\w/]+)", DOCKERFILE)
    assert checked == starlette_routes.ROUTE_HEALTH and "curl" not in DOCKERFILE
    (user,) = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)
    assert int(user) > 0


# --- nginx ---


def test_nginxs_paths_are_those_that_the_app_serves():
    core = f"/{starlette_routes.BASE_ROUTE_CORE}/"
    served = {
        "/",
        f"/{starlette_websocket._ROUTE_WEBSOCKET_STREAM}",
        f"/{starlette_routes.ROUTE_METRICS}",
        f"{core}agent/",
    }
    assert set(re.findall(r"location (?:= )?(\S+) {", NGINX)) == served
    assert core in starlette_app._RESERVED_ROUTE_PREFIXES


def test_only_addresses_that_change_with_their_files_are_kept():
    (kept,) = re.findall(r"^ +~(\S+) .*immutable", NGINX, re.MULTILINE)
    folder = f"/{starlette_routes._ROUTE_COMPONENTS_V2}".partition("{")[0]
    assert "optviz.plotly/plotly.js.gz?${" in text("optviz/player/static/plotly.js")  # and a version
    for name in (f"{player._served().package}.player", "optviz.plotly"):
        assert re.match(kept, f"{folder}{name}/file")
    for path in ("/", "/_stcore/health", "/_stcore/bidi-components/another.name/file", "/media/file"):
        assert not re.match(kept, path)


def test_the_policy_allows_the_inline_scripts_of_streamlits_page_and_no_others():
    page = (Path(streamlit.__file__).parent / "static/index.html").read_text(encoding="utf-8")
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in inline]
    assert re.findall(r"'sha256-(.+?)'", NGINX) == digests
    (scripts,) = re.findall(r"script-src (.+?)\"", NGINX)
    assert "unsafe" not in scripts


def test_no_location_loses_the_headers():
    server = NGINX.partition("\nserver {")[2]
    assert "add_header" in server
    assert not re.search(r"location [^{]+{[^}]*add_header", server)


def test_nginx_finds_each_replica_of_compose_by_a_name_of_its_own():
    upstream = re.findall(r"^ +server ([\w-]+):", NGINX, re.MULTILINE)
    replicas = [name for name in COMPOSE["services"] if name != "nginx"]
    assert upstream == replicas and len(replicas) > 1
    assert set(COMPOSE["services"]["nginx"]["depends_on"]) == set(replicas)


def test_compose_sets_what_nginx_leaves_open():
    nginx = COMPOSE["services"]["nginx"]
    variables = set(re.findall(r"\${(\w+)}", NGINX))
    assert variables == {"OPTVIZ_FRAME_ANCESTORS"} and variables <= set(nginx["environment"])
    assert all(re.match(nginx["environment"]["NGINX_ENVSUBST_FILTER"], name) for name in variables)
    source = nginx["volumes"][0].partition(":")[0]
    assert (ROOT / "deploy" / source).samefile(ROOT / "deploy/nginx.conf")
    (listens,) = re.findall(r"listen (\d+);", NGINX)
    assert nginx["ports"][0].endswith(f":{listens}")


def test_each_replica_has_an_address_and_a_read_only_root():
    addresses = [s["networks"]["inside"]["ipv4_address"] for s in COMPOSE["services"].values()]
    assert len(set(addresses)) == len(addresses)
    for name, service in COMPOSE["services"].items():
        assert name == "nginx" or (service["read_only"] and service["tmpfs"] == "/tmp")
        if "build" in service:
            assert (ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]).exists()
            assert f"ARG {next(iter(service['build']['args']))}" in DOCKERFILE


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_takes_the_file_by_the_steps_that_hosting_names(tmp_path):
    commands = re.findall(r"sed (-e .+?) deploy/nginx.conf", HOSTING.replace("\\\n", " "), re.DOTALL)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert len(commands) == 1
    taken = subprocess.run(
        f"sed {commands[0]} deploy/nginx.conf",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.replace("listen 8080", f"listen 127.0.0.1:{port}")
    (tmp_path / "optviz.conf").write_text(taken)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\n"
        "http { access_log off; include optviz.conf; }\n"
    )
    found = subprocess.run(["nginx", "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "${" not in taken
