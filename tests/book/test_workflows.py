"""What the workflows may do, and that no value of a variable runs as a command."""

import os
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
FILES = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / ".github/workflows").glob("*.yml")
}


def steps(job):
    return job.get("steps", [])


def test_what_runs_code_of_others_may_write_nothing():
    for workflow in FILES.values():
        assert workflow["permissions"] == {"contents": "read"}
        for name, job in workflow["jobs"].items():
            text = yaml.safe_dump(job)
            if "permissions" in job:
                assert name == "deploy"
                assert not any(word in text for word in ("make", "pip", "python", "bash", "checkout", "setup-"))
            for step in steps(job):
                if step.get("uses", "").startswith("actions/checkout"):
                    assert step["with"]["persist-credentials"] is False


def test_nothing_is_published_that_was_not_tested():
    jobs = FILES["publish"]["jobs"]
    assert jobs["test"] == {"uses": "./.github/workflows/test.yml"}
    assert "workflow_call" in FILES["test"][True]  # YAML reads `on` as true
    assert jobs["deploy"]["needs"] == ["test", "build"]


def test_the_address_of_an_index_is_no_command(tmp_path):
    # pip gets it as one word; nothing of it runs.
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    log = tmp_path / "arguments"
    (venv / "bin/python").write_text(f'#!/bin/sh\nprintf "%s|" "$@" >> {log}\n')
    (venv / "bin/python").chmod(0o755)
    evil = f"there; touch {tmp_path}/evil"
    command = ["make", f"VENV={venv}", f"{venv}/.ready-all"]
    for index in (evil, ""):
        subprocess.run(command, cwd=ROOT, env=os.environ | {"TORCH_INDEX": index}, check=True, capture_output=True)
        (venv / ".ready-all").unlink()
    assert not (tmp_path / "evil").exists()
    first, _, second = log.read_text().partition("--editable")
    assert f"|--extra-index-url|{evil}|-r|requirements.txt|" in first
    assert "--extra-index-url" not in second
