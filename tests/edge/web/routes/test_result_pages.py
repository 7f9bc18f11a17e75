"""The screens of a slide after the count: review, result, paper and sharing."""

import re
from dataclasses import replace

from tests.edge.web.reading_results import amended, shown_on, sign, text_of
from tests.edge.web.stand_ins import NAME, Browser, fill_slide, look_at_all

from leukoscope_edge.records.exports import FORMATS
from leukoscope_edge.records.slides.first_look import first_pass
from leukoscope_edge.sample import SIMULATED_SAMPLE, AgeGroup
from leukoscope_edge.types import Reading
from leukoscope_edge.web.device import Device


def test_the_page_of_the_first_look_does_not_hold_the_models_word(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=4, n_unclear=3, n_normal=30)
    text = browser.get(f"/slides/{slide}/review").text
    figures = text[text.index('id="gallery"') : text.index('class="loupe"')]
    assert "data-call" not in figures
    assert "blast" not in figures
    assert "0.97" not in figures


def test_the_page_shows_what_would_be_signed_and_the_signed_version_marked(
    browser: Browser, device: Device
) -> None:
    slide = amended(browser, device)
    page = text_of(browser, f"/slides/{slide}/result")
    signed, fresh = page.split("Version 2, as it would be signed now")
    assert "Version 1 is signed and being amended: SIM" not in page
    assert "Version 1 is signed and being amended: No blasts" in signed
    assert "Few blasts, confirmed by a person: 16 of 200" in fresh
    assert "16 of 200" not in signed


def test_who_signs_reads_the_sentence_first_and_again_beside_the_pin(
    browser: Browser, device: Device
) -> None:
    slide = amended(browser, device)
    page = browser.get(f"/slides/{slide}/result").text
    [pin] = re.findall(r'<input name="pin"[^>]*>', page)
    assert "autofocus" not in pin  # or the screen opens below the sentence
    assert 'aria-describedby="signs"' in pin
    [signed] = re.findall(r'<p id="signs">.*?</p>', page, re.DOTALL)
    assert "Few blasts, confirmed by a person: 16 of 200" in signed


def test_the_comment_is_carried_into_the_next_version(
    browser: Browser, device: Device
) -> None:
    slide = amended(browser, device)
    page = browser.get(f"/slides/{slide}/result").text
    assert 'name="comment" maxlength="1000" value="mother came along"' in page


def test_what_leaves_meanwhile_is_version_1_and_says_so(
    browser: Browser, device: Device
) -> None:
    slide = amended(browser, device)
    share = text_of(browser, f"/slides/{slide}/share")
    assert "Version 1 leaves, marked as being amended" in share
    assert "preliminary" not in share
    paper = text_of(browser, f"/slides/{slide}/print")
    assert "Version 1, being amended" in paper
    assert "16 of 200" not in paper
    sign(browser, slide, shown=shown_on(browser, slide))
    paper = text_of(browser, f"/slides/{slide}/print")
    assert f"Version 1 was amended by {NAME}: cells were read wrongly" in paper
    assert "16 of 200" in paper


def test_how_large_a_file_is_is_told_without_opening_a_picture(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=12, n_normal=3)
    for picture in device.store.pictures.folder(slide).iterdir():
        picture.write_bytes(b"x" * 100_000)
    assert "about 1.2 MB" in text_of(browser, f"/slides/{slide}/share")


def test_paper_says_what_was_smeared_and_who_read_what(
    browser: Browser, device: Device
) -> None:
    facts = replace(SIMULATED_SAMPLE, age=AgeGroup.CHILD)
    slide = fill_slide(device, n_blast=2, n_normal=38, facts=facts)
    for cell in first_pass(device.store.reader.slide(slide)):
        device.store.review.judge_cell(
            slide, cell.id, Reading.NORMAL, NAME, key=f"k{cell.id:0>9}"
        )
    paper = text_of(browser, f"/slides/{slide}/print?identified=true")
    head = paper.split("Audit code")[1]
    assert "S-1, Blood, Child" in head
    assert "A person read 12 of 40 cells." in paper
    assert "The model's normal slides" in paper


def test_how_large_each_file_will_be_is_said_before_it_leaves(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_blast=4, n_normal=36)
    share = text_of(browser, f"/slides/{slide}/share")
    assert len(re.findall(r"about 0\.\d MB", share)) == len(FORMATS)


def test_a_slide_that_is_counted_has_no_files_yet(
    browser: Browser, device: Device
) -> None:
    slide = fill_slide(device, n_normal=3, is_finished=False)
    share = text_of(browser, f"/slides/{slide}/share")
    assert "This slide is still being counted" in share
    assert "about" not in share


def test_where_nothing_is_concluded_no_zero_reads_as_a_negative(
    browser: Browser, device: Device
) -> None:
    refused = look_at_all(device, fill_slide(device, n_normal=4, is_refused=True))
    text = browser.get(f"/slides/{refused}/result").text
    assert "No result, because" in text
    assert '<div class="blast">' not in text
    suspect = look_at_all(device, fill_slide(device, n_blast=2, n_normal=4))
    text = browser.get(f"/slides/{suspect}/result").text
    assert text.count('<div class="blast">') == 2  # people and model, and model alone


def test_who_was_overruled_and_what_stands_on_another_slide_is_told(
    browser: Browser, device: Device
) -> None:
    suspect = look_at_all(device, fill_slide(device, n_blast=2, n_normal=4))
    slide = look_at_all(device, fill_slide(device, n_normal=4))
    for word, who in ((Reading.BLAST, "Olu"), (Reading.NORMAL, NAME)):
        device.store.review.judge_cell(slide, "1", word, who, key=f"{who}-00001")
    text = browser.get(f"/slides/{slide}/result").text
    assert "1 of the cells were called blast-like by Olu" in text
    assert f"Slide {suspect} of the same sample tells of blast-like cells" in text
    assert "called blast-like by Olu" in browser.get(f"/slides/{slide}/print").text


def test_a_negative_says_that_another_slide_of_its_sample_is_not_signed(
    browser: Browser, device: Device
) -> None:
    said = "Another slide of this sample is not signed yet"
    alone = look_at_all(device, fill_slide(device, n_normal=300))
    text = browser.get(f"/slides/{alone}/result").text
    assert "No blasts" in text
    assert said not in text
    unread = fill_slide(device, n_normal=4)
    text = browser.get(f"/slides/{alone}/result").text
    assert said in text
    assert f'<a href="/slides/{unread}/result">' in text
