"""What images are built of; that they boot is seen in tests/dataplane."""

import pytest
from click import testing

from imagestore import cli
from imagestore.build import template

WHOLE = """
suite: trixie
disk_mib: 3072
packages: [nginx, "libstdc++6"]
first_boot:
  - |
    #!/bin/sh
    echo first
  - "#!/usr/bin/python3\\nprint('second')"
"""


def load(tmp_path, text):
    path = tmp_path / "t.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return template.load(path)


def test_template(tmp_path):
    assert load(tmp_path, WHOLE) == template.Template(
        suite="trixie", disk_mib=3072, packages=("nginx", "libstdc++6"),
        first_boot=("#!/bin/sh\necho first\n",
                    "#!/usr/bin/python3\nprint('second')"))
    assert load(tmp_path, "") == template.load(None) == template.Template()


@pytest.mark.parametrize("text, said", [
    ("packages: nginx", "packages"), ("packages: [-y]", "packages"),
    ("packages: ['x; reboot']", "packages"), ("packages: [1]", "packages"),
    ("suite: ../x", "suite"), ("suite: -x", "suite"),
    ("disk_mib: 12", "disk_mib"), ("disk_mib: big", "disk_mib"),
    ("first_boot: ['echo x']", "first_boot"), ("first_boot: x", "first_boot"),
    ("colour: blue", "colour"), ("- x", "template"), ("a: [", "not YAML"),
    (b"\xff\xfe\xff", "not YAML"),
    ("x: !!python/object/apply:os.getcwd []", "not YAML")])
def test_bad_template(tmp_path, text, said):
    with pytest.raises(template.TemplateError) as caught:
        load(tmp_path, text)
    assert said in str(caught.value) and "t.yaml" in str(caught.value)


def build(*words):
    got = testing.CliRunner().invoke(cli.image, ["build", *words])
    return got.exit_code, got.output


def test_command_says_what_is_wrong(tmp_path, monkeypatch):
    output = str(tmp_path / "x")
    bad = tmp_path / "bad.yaml"
    bad.write_text("packages: no")
    debian = ("debian", "--output", output, "--template")
    code, said = build(*debian, str(bad))
    assert code == 1 and "packages" in said
    code, said = build(*debian, str(tmp_path / "none"))
    assert code == 1 and "No such file" in said
    code, said = build("tiny", "--output", output, "--template", str(bad))
    assert code == 2 and "takes none" in said
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    code, said = build("debian", "--output", output)
    assert code == 1 and "only root" in said
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, said = build("debian", "--output", output)
    assert code == 1 and "debootstrap is not installed" in said
    assert not (tmp_path / "x").exists()
