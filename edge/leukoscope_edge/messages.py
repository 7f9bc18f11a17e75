"""What the device says, as values: an id and its figures, no sentence to be parsed.

One table holds every id with its English text. A page or a report renders a message in
the reader's language by translating the text of the id and filling the figures in;
the records keep id and figures beside the English of the day.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Union

Say = Callable[[str], str]
"""From English to the reader's language."""

TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        # verdicts
        "blasts": "Blast-like cells seen: {seen}. "
        "Send today: slide and report, to a specialist.",
        "few": "Few blast-like cells seen: {seen}. Senior review.",
        "blasts-confirmed": "Blasts confirmed by a person: {seen}. "
        "Send today: slide and report, to a specialist.",
        "few-confirmed": "Few blasts, confirmed by a person: {seen}. Senior review.",
        "few-confirmed-today": (
            "Few blasts, confirmed by a person: {seen}. Senior review today."
        ),
        "seen": "{k} of {n} cells ({p} %; {low} to {high} %)",
        "none": (
            "No blast-like cells above this device's background in {n} cells "
            "({k} seen, up to {background} are background). A true level up to {p} % "
            "could be missed."
        ),
        "none-reviewed": (
            "No blasts in {n} cells: a person read {m} of them, every suspect one "
            "among them. A true level up to {p} % could be missed."
        ),
        "none-read": (
            "No blasts: people read all {n} cells. A true level up to {p} % could be "
            "missed."
        ),
        "marrow-within": (
            "Blast-like cells within the {x} % of a normal marrow: {seen}. A true "
            "level up to {p} % could be missed."
        ),
        "hematogones": (
            "Normal marrow of children holds hematogones, which look like blasts."
        ),
        "not-this-site": "The background is the model's, not yet this site's own.",
        "machine-refused": (
            "People read every cell; the machine gave no result, because {reason}."
        ),
        "beside": "Beside it: {reason}.",
        # no result, because ...
        "no-result": "No result, because {reason}.",
        "no-cell": "no white cell was seen",
        "no-sample-type": "nobody said whether this is blood or marrow",
        "no-sample-type-cure": "Say it for this slide, or give --sample-type.",
        "uncalibrated": (
            "nobody said what a pixel of these images measures, and the model judges "
            "size"
        ),
        "uncalibrated-cure": "Calibrate, or give --um-per-px.",
        "unlike": "{k} of {n} cells are unlike all that this model learned from",
        "unlike-cure": (
            "Have a person look; the model may not know this stain or this microscope."
        ),
        "unclear": "{k} of {n} cells are unclear",
        "unclear-cure": "Have a person look; check stain and focus.",
        "people-unclear": "people left {k} of {n} cells unclear",
        "people-unclear-cure": "Make another smear, or ask a senior.",
        "passive": (
            "this was a passive watch, which speaks only of blast-like cells above the "
            "background"
        ),
        "passive-cure": "Run a count for a result.",
        "too-few": "only {k} usable cells were seen, at least {n} are needed",
        "too-few-cure": "Keep going.",
        "stopped-early": (
            "the count ended at {k} usable cells, and the stop rule asks for {n}"
        ),
        "stopped-early-cure": "Count on, or make another smear.",
        "not-over": "the count is not over",
        "void": "this slide is void",
        "rescaled": "its cells were judged at the scale of another objective",
        "rescaled-cure": "Count the slide again, as a new one.",
        # pictures, each with what to do
        "red-blue": "red cells are blue: red and blue are exchanged",
        "red-green": "red cells are green: red and green are exchanged",
        "green-blue": "nuclei are green: green and blue are exchanged",
        "inverted": "the colours are inverted: what is bright should be dark",
        "colours-cure": "Set camera or program right, and take the pictures again.",
        "scale-off": (
            "red cells would measure {um} µm at this scale, and have about {expected}"
        ),
        "scale-off-cure": "Check the scale.",
        "scale-near": (
            "The scale may be off by {p} %: the cells say {um} µm per pixel ({low} to "
            "{high}), and {given} was given."
        ),
        "compressed": (
            "the pictures were compressed too much (JPEG quality {q}, at least {least})"
        ),
        "compressed-cure": "Save them as PNG or TIFF.",
        "tags": (
            "the files say that a pixel measures {said} µm, and {given} µm was given"
        ),
        "sizes-mixed": "the pictures have {k} sizes, and one scale was given for all",
        "sizes-mixed-cure": "Screen pictures of one size at a time.",
        "left-out": "only {k} of {n} images could be judged",
        "frames-lost": "{k} frames of the video could not be read",
        "left-out-cure": "Copy or take the pictures again.",
        "made-from": (
            "Made from {k} of {n} images: {skipped} could not be read, {refused} were "
            "not usable, {copies} were copies."
        ),
        # who read what, and what became of a version
        "read-none": "Nobody has read these cells.",
        "read-some": "A person read {m} of {n} cells.",
        "read-all": "People read all {n} cells.",
        "amended": "Version {n} was amended by {name}: {why}",
        "being-amended": "Version {n}, being amended: a newer one is not signed yet.",
        "void-because": "VOID, by {name}: {why}",
        "why-elsewhere": "the reason stands on the copy with the sample alone",
        "not-said": "no reason was given",
        "why-erased": "the reason was erased with the person's name",
        # quality, each with what to do
        "quality": "the device's quality is out of control: {reason}",
        "quality-cure": "Open the Device page, and put it right first.",
        "quality-slide-none": "no quality slide was counted on this device yet",
        "quality-slide-none-cure": (
            "Count the quality slide, and say on the Device page how many white cells "
            "you see and how many are marked."
        ),
        "quality-slide-old": (
            "no quality slide was counted in the last {n} hours, the last one on {day}"
        ),
        "quality-slide-old-cure": (
            "Count the quality slide, and enter it on the Device page."
        ),
        "quality-slide-failed": (
            "the quality slide failed: {k} of its {n} white cells were found"
        ),
        "quality-slide-failed-cure": (
            "Clean the lens, check light, stain and focus, calibrate; then count the "
            "quality slide again."
        ),
        "quality-slide-drift": (
            "clearly fewer white cells than usual are found on the quality slide: {k} "
            "of {n}"
        ),
        "quality-slide-drift-cure": (
            "Clean the lens, check light, stain and focus, calibrate; then count the "
            "quality slide again."
        ),
        "golden-failed": "the model's stored cells do not give their stored answers",
        "golden-failed-cure": (
            "Run the test of the stored cells again; where it fails again, go back to "
            "the model before, or call service."
        ),
        "drawn-failed": "only {k} of {n} drawn cells were found",
        "drawn-failed-cure": (
            "Look for the drawn cells again; where they are not found, call service."
        ),
        "lamp-out": "the lamp is at {x}, and usually between {low} and {high}",
        "lamp-out-cure": (
            "Set the lamp as always, then count a slide again. After a new lamp a "
            "supervisor sets new usual values."
        ),
        "lamp-colour-out": (
            "the colour of the light is {x}, and usually between {low} and {high}"
        ),
        "lamp-colour-out-cure": (
            "Check lamp, filter and white balance, then count a slide again. After a "
            "new lamp a supervisor sets new usual values."
        ),
        "stain-out": (
            "the stain is {x} levels dark, and usually between {low} and {high}"
        ),
        "stain-out-cure": (
            "Check stain and buffer, stain another smear, and count it. After a new "
            "stain a supervisor sets new usual values."
        ),
        # the differential
        "flag-left-shift": (
            "Left shift: {p} % immature granulocytes, usual up to {high} %."
        ),
        "flag-eosinophilia": "Eosinophilia: {p} % eosinophils, usual up to {high} %.",
        "flag-lymphocytosis": (
            "Lymphocytosis: {p} % lymphocytes, usual up to {high} %."
        ),
        "flag-erythroblasts": (
            "Erythroblasts: {p} for every 100 white cells; a counter may have taken "
            "them for white cells."
        ),
        "kinds-by": (
            "A person named the kind of {k} of {n} cells, the model the others."
        ),
        "kinds-by-model": "The model named the kinds; no person did.",
        "ranges-unreadable": "No usual ranges: {why}",
        # the stop rule
        "enough-above": "enough: more than {level} blasts",
        "enough-below": "enough: fewer than {level} blasts",
        "enough-open": (
            "enough cells; on which side of {level} the blasts are stays open"
        ),
        "enough": "enough cells",
        "hopeless": "this model cannot settle it with more cells: a person must look",
        "go-on": "keep going to {n} cells: {why}",
        "go-on-to": "keep going to {n} cells",
        "first-look": "too few for a first look",
        "leukopenic": "few white cells in the blood: blasts may be rare",
        "not-settled": "not settled yet",
        "research": "Research model: not validated for care.",
        # this site's own background
        "normal-slides-of": (
            "{k} of {n} normal slides: every negative says that the background is the "
            "model's"
        ),
        "normal-slides": "{n} normal slides: this site's own background is in use",
        # the device: disk, heat, records, restore, models
        "calibrated-size": (
            "calibrated at {width} x {height} pixels, and the picture has "
            "{now_width} x {now_height}: calibrate again"
        ),
        "screening-off": "screening is off: {why}",
        "disk-full": (
            "the disk is full: less than {n} slides fit; make a backup and take"
            " old pictures away"
        ),
        "update-unforeseen": "the update stopped for a reason that nobody foresaw",
        "too-hot": (
            "too hot, {x} °C: the count waits until the device is below {y} °C;"
            " is its fan free?"
        ),
        "recovered": "The records were damaged. {n} events were saved; {lost}.",
        "recovered-forged": (
            "Somebody who does not have this device's key changed them: what "
            "was not signed was left out."
        ),
        "recovered-unsigned": (
            "The last {n} of them carry no signature: compare them with the "
            "printed reports."
        ),
        "recovered-nameless": "Whose blood {n} slides were can no longer be told.",
        "recovered-kept": "The damaged files are kept in {folder}.",
        "lost-one": "event {n} is lost",
        "lost-some": "events {n} to {m} are lost",
        "lost-none": "nothing is known to be lost",
        "lost-end": "whatever came after event {n} is lost",
        "head-not-twice": "The end of the records cannot be kept twice: {why}",
        "erasing": (
            "An erased name's key still lies in the log of the records, as a "
            "program reads in it. It is tried again."
        ),
        "restored": "{file} was restored.",
        "restored-kept": (
            "{file} was restored. What was there before is kept in {folder}."
        ),
        "disk-says": "{file}: {why}: {cure}",
        "no-power-off": (
            "the machine does not let the page power it off ({why}): use its switch"
        ),
        "trial-on": "a new model is being tried",
        "restoring": "the records are being put back",
        "disk-cure-full": "the disk is full: make a backup and take old pictures away",
        "disk-cure-read-only": (
            "the disk takes nothing: start anew; if this stays, call service"
        ),
        "disk-cure-broken": "the disk does not answer: call service",
        "disk-cure-owner": "give it to user {user}, who runs this",
        "disk-cure-owner-all": (
            "give it to user {user}, who runs this: `chown -R {user}` and "
            "`chmod -R u+rwX`"
        ),
        "disk-cure-service": "call service",
        "not-compared": "Old cells could not be compared: {why}.",
        "cut-otherwise": "the new model wants its cells cut in another way",
        "cut-short": "cut short too often",
        "slot-its": "its slot is damaged",
        "slot": "slot {name} is damaged",
        "wrong-passphrase": "{file}: does not open: wrong passphrase, or damaged",
        "passphrase-short": "the passphrase needs at least {n} characters",
        "no-backup": "{file}: is not a backup of ours",
        # people and their PINs
        "set-up-already": "the device is set up already: sign in",
        "last-supervisor": "{name} is the last supervisor: make another one first",
        "name-here": "{name} is here already: add another name",
        "name-before": "{name} was here before: add another name",
        "name-length": "a name needs 1 to {n} letters",
        "reads-with-another": "{name} reads slide {slide} with another: sign it first",
        "pin-length": "a PIN needs {low} to {high} digits",
        "pin-guessed": "this PIN is guessed first: choose another",
        # what the page refuses
        "role-may-not": "your role may not do this",
        "no-such-cell": "slide {slide}: there is no cell {cell}",
        "codes-wait": (
            "too many wrong codes: wait {n} seconds, or set up at the device itself"
        ),
        "type-the-code": "type the code that the device's own screen shows",
        "pin-wrong": "wrong PIN: nothing was done",
        "name-or-pin-wrong": "wrong name or PIN",
        "pins-wait": "too many wrong PINs: wait {n} seconds",
        "not-yourself": "nobody does this to themselves: another supervisor does",
        "last-word-of": "the last word is that of {name}: it stays",
        "picture-gone": "this picture is gone: pause, then tap the cell",
        "healthy-by-supervisor": "a supervisor starts the slides of healthy people",
        "background-of-blood": (
            "the background is measured on counted blood: choose these"
        ),
        "healthy-again": (
            "this person's slide is there already: take another healthy person's"
        ),
        "leave-by-itself": "a process ends when its model changes, not by order",
        "counted-now": "slide {slide} is being counted: end it first",
        "count-failed": (
            "the count has failed and was not ended: go on counting, or begin a new "
            "slide"
        ),
        "withdrawn-by-supervisor": "a supervisor withdraws what was signed",
        "time-to-come": "the time is still to come: look at it again",
        "lights-first": "look at the lights first: Get ready",
        # the page itself
        "page-fault": (
            "The page met a fault of its own and wrote it down. Go Home and try again; "
            "if it comes back, call service and name this code: {code}"
        ),
        # for tests and tools: a sentence that is no device's
        "test": "it is a test",
    }
)
"""Every id with its English text. A text is the msgid of the catalogues."""

Param = Union[str, int, "Message"]


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that the device says.

    Attributes:
        id: Of the text in `TEMPLATES`.
        params: What stands in its braces, by name: figures as text, or messages.
    """

    id: str
    params: tuple[tuple[str, Param], ...] = ()

    def __post_init__(self) -> None:
        if self.id not in TEMPLATES:
            raise ValueError(f"no message has the id {self.id!r}")

    def said(self, say: Say = str) -> str:
        """Return the text in a reader's language, in English without one."""
        held = {
            name: value.said(say) if isinstance(value, Message) else str(value)
            for name, value in self.params
        }
        return say(TEMPLATES[self.id]).format(**held)

    def holds(self, id_: str) -> bool:
        """Say whether this message, or one in its braces, has an id."""
        held = (v for _, v in self.params if isinstance(v, Message))
        return self.id == id_ or any(v.holds(id_) for v in held)


def message(id_: str, /, **params: Param) -> Message:
    """Return a message with what stands in its braces."""
    return Message(id_, tuple(params.items()))


NOT_FOR_CARE = message("research")
"""Stands on every screen, report and export of a model that was not validated."""


def said_all(messages: Iterable[Message], say: Say = str) -> str:
    """Return several messages as one text."""
    return " ".join(m.said(say) for m in messages)


def plain(found: Message) -> dict[str, Any]:
    """Return a message as plain JSON values."""
    params = {k: plain(v) if isinstance(v, Message) else v for k, v in found.params}
    return {"id": found.id, "params": params}


def from_plain(found: Mapping[str, Any]) -> Message:
    """Return the message that `plain` made plain."""
    params = {
        name: from_plain(value) if isinstance(value, Mapping) else value
        for name, value in found["params"].items()
    }
    return Message(str(found["id"]), tuple(params.items()))
