"""Code and documents refer to each other by number and by path: what they refer to must be there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
PACKAGES = ("curvature", "analysis", "experiments", "paper_figures")
CITATION = re.compile(r"\beqs?\. (\d+[a-d]?(?:(?:, | and |-)\d+[a-d]?)*)")
MODULE = re.compile(rf"`((?:{'|'.join(PACKAGES)}|benchmarks)(?:\.\w+)+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def tags():
    return re.findall(r"\\tag\{(\w+)\}", (ROOT / "docs" / "theory.md").read_text())


def test_every_equation_has_its_own_number():
    assert len(tags()) == len(set(tags())) > 50


@pytest.mark.parametrize("package", PACKAGES)
def test_every_equation_that_the_code_cites_exists(package):
    known = set(tags())
    cited = {
        (path.relative_to(ROOT), number)
        for path in (ROOT / package).rglob("*.py")
        for citation in CITATION.findall(path.read_text())
        for number in re.findall(r"\d+[a-d]?", citation)
    }
    assert cited or package == "paper_figures"
    assert not [(str(path), number) for path, number in sorted(cited) if number not in known]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_links_to_exists(document):
    path = ROOT / document
    assert not [target for target in LINK.findall(path.read_text()) if not (path.parent / target).exists()]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_that_a_document_names_exists(document):
    named = (ROOT / name.replace(".", "/") for name in MODULE.findall((ROOT / document).read_text()))
    assert not [path for path in named if not path.is_dir() and not path.with_suffix(".py").exists()]
