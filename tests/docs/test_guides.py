"""The guides say what the device says: its words, buttons, lights, codes, profiles.

A guide that names a button that is no longer there costs a technician's morning.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from tests.docs.reading import ROOT, documents, name_of, sentences

from leukoscope_edge.accounts.pins import MAX_PIN_DIGITS, MIN_PIN_DIGITS
from leukoscope_edge.accounts.sign_in_backoff import FIRST_WAIT_S, LONGEST_WAIT_S
from leukoscope_edge.counting import LOOKS
from leukoscope_edge.counting.frame_search import GUIDANCE
from leukoscope_edge.counting.verdict import MIN_CELLS
from leukoscope_edge.messages import DEVICE
from leukoscope_edge.profile import shipped_profiles
from leukoscope_edge.quality.camera_scale import MIN_LENGTH_PX
from leukoscope_edge.records.exports import INTENDED_USE
from leukoscope_edge.service import Limits, disk
from leukoscope_edge.service.heat import COOLED_BY_C
from leukoscope_edge.updates import Code
from leukoscope_edge.vision import assess
from leukoscope_edge.web.script_texts import LIGHTS, REFUSALS
from leukoscope_edge.web.security import LOCK_AFTER_S

DOCUMENTS = {name_of(d): d.read_text() for d in documents()}
TECHNICIAN = {k: t for k, t in DOCUMENTS.items() if "/technician/" in k}
TEMPLATES = ROOT / "edge" / "leukoscope_edge" / "web" / "templates"
MAX_WORDS = 22
"""Of a sentence that somebody reads in a second language, beside a microscope."""


def test_the_intended_use_is_the_sentence_of_the_code() -> None:
    assert f"> {INTENDED_USE}\n" in DOCUMENTS["docs/intended-use.md"]


def test_every_instruction_of_the_device_is_in_the_technicians_guide() -> None:
    warnings = DOCUMENTS["docs/guide/technician/warnings.md"]
    report = assess(np.zeros((64, 64, 3), np.uint8))
    bad = [m.instruction for m in report.measures if m.name in LIGHTS]
    assert len(bad) == len(LIGHTS)
    missing = [s for m in (*bad, *GUIDANCE.values()) if (s := m.said()) not in warnings]
    assert missing == []


def test_every_fault_of_a_picture_is_in_the_technicians_guide() -> None:
    whole = [t for i, t in DEVICE.items() if i.startswith("picture-") and "{" not in t]
    said = [*whole, *REFUSALS]
    assert len(said) > 6
    warnings = DOCUMENTS["docs/guide/technician/warnings.md"]
    assert [s for s in said if s not in warnings] == []


def test_every_light_is_explained() -> None:
    page = DOCUMENTS["docs/guide/technician/get-ready.md"]
    assert [n for n in LIGHTS.values() if f"| {n} |" not in page] == []


def test_everything_that_the_count_says_is_in_the_guide() -> None:
    source = (TEMPLATES / "count.html").read_text()
    phrases = source[source.index('id="phrases"') :]
    said = re.findall(r"_\('(.+?)'\)", phrases)
    guide = "\n".join(TECHNICIAN.values())
    assert len(said) > 5
    assert [s for s in said if s.rstrip(".") not in guide] == []


def test_every_button_that_the_guide_names_is_on_the_page() -> None:
    shown = "\n".join(p.read_text() for p in TEMPLATES.glob("*.html"))
    texts = set(re.findall(r"""_\(["'](.+?)["']\)""", shown))
    named = {
        (page, button)
        for page, text in TECHNICIAN.items()
        for button in re.findall(r"[Pp]ress\s+\*\*(.+?)\*\*", text)
    }
    assert len(named) > 15
    gone = [
        f"{p}: {b}" for p, b in sorted(named) if re.sub(r" \d$", "", b) not in texts
    ]
    assert gone == []


WORDS = {1: "once", 2: "twice", 3: "three times"}
LIMITS = Limits()
NUMBERS = [
    ("technician/first-start.md", f"a PIN of {MIN_PIN_DIGITS} to {MAX_PIN_DIGITS} dig"),
    ("technician/first-start.md", f"you wait {FIRST_WAIT_S:.0f} seconds"),
    ("technician/first-start.md", f"{LONGEST_WAIT_S / 60:.0f} minutes at most"),
    ("technician/first-start.md", f"locks after {LOCK_AFTER_S / 60:.0f} minutes"),
    ("technician/counting.md", "at " + ", ".join(map(str, LOOKS[:-1]))),
    ("technician/counting.md", f"Fewer than {MIN_CELLS} usable cells"),
    ("technician/quality.md", f"room for {disk.WARN_SLIDES} slides or more"),
    ("technician/quality.md", f"less than {disk.REFUSE_SLIDES} no new slide"),
    ("technician/calibrate.md", f"must be {MIN_LENGTH_PX:.0f} pixels long"),
    ("service-manual.md", f"fewer than {disk.WARN_SLIDES} slides the device warns"),
    ("service-manual.md", f"{disk.BALLAST_BYTES >> 20} MiB are held back"),
    ("service-manual.md", f"| more, at most {WORDS[LIMITS.n_service]} | systemd"),
    ("service-manual.md", f"| more, at most {WORDS[LIMITS.n_reboots]} without an h"),
    ("service-manual.md", f"until it is {COOLED_BY_C:.0f} °C cooler"),
]


@pytest.mark.parametrize(("page", "said"), NUMBERS)
def test_a_number_of_the_guides_is_that_of_the_code(page: str, said: str) -> None:
    assert said in " ".join(DOCUMENTS[f"docs/guide/{page}"].split())


@pytest.mark.parametrize("code_", Code, ids=lambda c: c.id)
def test_every_code_is_in_the_service_manual(code_: Code) -> None:
    row = f"| {code_.id} | {code_.cause.said()} | {code_.next_step.said()} |"
    assert row in DOCUMENTS["docs/guide/service-manual.md"]


def test_every_profile_is_in_the_site_set_up() -> None:
    page = DOCUMENTS["docs/guide/site-set-up.md"]
    assert [n for n in shipped_profiles() if f"`{n}`" not in page] == []


def test_no_guide_is_an_empty_page() -> None:
    guides = [d for d in documents() if Path("docs/guide") in Path(name_of(d)).parents]
    assert len(guides) > 10
    assert [name_of(d) for d in guides if len(d.read_text().split()) < 60] == []


@pytest.mark.parametrize("page", TECHNICIAN)
def test_the_technicians_guide_speaks_in_short_sentences(page: str) -> None:
    found = sentences(TECHNICIAN[page])
    assert len(found) > 10
    assert [s for s in found if len(s.split()) > MAX_WORDS] == []


def test_sentences_are_told_apart() -> None:
    text = (
        "# Head\nOne two. Three four\nfive.\n1. Six seven\n2. Eight nine\n| a b | c d |"
    )
    assert sentences(text) == [
        "One two.",
        "Three four five.",
        "1. Six seven",
        "2. Eight nine",
        "a b",
        "c d",
    ]
