"""The dashboards' JSON against Grafana's own types (npm package @grafana/schema), of Grafana 11 and 12."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from dashboards.grafana import boards
from tests import npm
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = REPOSITORY / "tests" / "grafana_schema"
OPTIONS = (
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--pretty",
    "false",
)
BOARDS = boards()


def complaints(folder: Path, found: dict[str, Any], major: int) -> str:
    """What the TypeScript compiler says of dashboards as values of Grafana's type; empty: nothing."""
    node = npm.install(FOLDER, "Grafana's types of dashboards")
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    (folder / "plain.ts").write_text((FOLDER / "plain.ts").read_text("utf-8"), "utf-8")
    types = f'import type {{ Dashboard }} from "grafana-schema-{major}";'
    head = f'{types}\nimport type {{ Plain }} from "./plain.js";'
    for uid, board in found.items():
        text = f"{head}\nexport const board: Plain<Dashboard> = {json.dumps(board, ensure_ascii=False)};\n"
        (folder / f"{uid}.ts").write_text(text, "utf-8")
    compiler = FOLDER / "node_modules" / "typescript" / "bin" / "tsc"
    files = [f"{uid}.ts" for uid in found]
    done = subprocess.run(
        [node, str(compiler), *OPTIONS, *files], cwd=folder, check=False, capture_output=True, text=True
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("major", [11, 12])
def test_every_dashboard_is_one_by_grafanas_types(tmp_path: Path, major: int) -> None:
    assert complaints(tmp_path, BOARDS, major) == ""


def test_what_is_none_is_told(tmp_path: Path) -> None:
    """A misspelt field, a colour mode that there is not, and a title that is a number."""
    faulty = {uid: json.loads(json.dumps(BOARDS["halong-air"])) for uid in ("misspelt", "colour", "title")}
    faulty["misspelt"]["refrsh"] = "1m"
    faulty["colour"]["panels"][1]["fieldConfig"]["defaults"]["color"] = {"mode": "rainbow"}
    faulty["title"]["title"] = 7
    told = complaints(tmp_path, faulty, 11).splitlines()
    lines = {line.partition(".ts(")[0]: line for line in told if ".ts(" in line}
    assert set(lines) == set(faulty)
    assert "refrsh" in lines["misspelt"]
    assert "rainbow" in lines["colour"]
    assert "number" in lines["title"]
