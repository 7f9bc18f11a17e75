"""What the device says of a slide's records, and of a step that they do not allow."""

RECORDS = {
    # a step that a slide, as it stands, does not allow
    "no-such-slide": "there is no slide {slide}",
    "started-before": "slide {slide} was started before",
    "cannot-while": "slide {slide}: cannot {step} while it is {state}",
    # not the bare word "count": so is a process called
    "step-get-ready": "get ready",
    "step-count": "count it",
    "step-pause": "pause",
    "step-go-on": "go on",
    "step-new-area": "new area",
    "step-resume": "resume",
    "step-count-more": "count more",
    "step-engine": "engine",
    "step-segmenter": "segmenter",
    "step-cells": "cells",
    "step-finish": "finish",
    "step-judge": "judge",
    "step-missed": "missed",
    "step-remark": "remark",
    "step-undo": "undo",
    "step-correct": "correct",
    "step-sign": "sign",
    "step-amend": "amend",
    "step-void": "void",
    "step-tell": "tell",
    "step-consent": "consent",
    "step-export": "export",
    "step-erase": "erase",
    "step-drop-pictures": "drop-pictures",
    "state-new": "new",
    "state-counting": "counting",
    "state-paused": "paused",
    "state-ended": "ended",
    "state-review": "review",
    "state-signed": "signed",
    "state-amending": "amending",
    "state-voided": "voided",
    "still-counted": "slide {slide} is still being counted",
    "still-counted-finish": "slide {slide} is still being counted: finish it first",
    "being-counted": "slide {slide} is being counted: finish it first",
    "slides-open": (
        "slides are begun and not finished: finish {name} first, or take it out of use"
    ),
    "all-so-already": "slide {slide}: all of this is so already",
    "identity-erased": "slide {slide}: whose blood it was is erased",
    "key-other-step": "the key {key} was used for another step",
    "key-other-words": "the key {key} was used for other words",
    "result-changed": "the result has changed: look again",
    # reading cells
    "slide-no-cell": "slide {slide}: there is no cell {cell}",
    "kind-of-normal": "slide {slide}: only a normal cell has a kind beside it",
    "just-called": "somebody has just called this cell",
    "own-dispute": "a reader can't settle her own dispute: another supervisor does",
    "two-must-read": "slide {slide}: two people must read cell {cell}",
    "two-have-read": (
        "slide {slide}: two people have read cell {cell}: a supervisor may still "
        "change it"
    ),
    "read-already": "slide {slide} is read by {who} already",
    "nothing-to-undo": "slide {slide}: there is nothing to take back",
    "undo-of-another": (
        "slide {slide}: the last step is by {name}: call the cell anew instead"
    ),
    "readers-differ": (
        "slide {slide}: readers differ on {n} cells: a supervisor settles them before "
        "signing"
    ),
    "cells-left": "slide {slide}: {n} cells are still to be judged before signing",
    "files-wait-two": (
        "slide {slide} is read by two people: files about it wait until both have "
        "looked"
    ),
    "files-wait": (
        "slide {slide}: files about it wait until somebody has looked: Review"
    ),
    # the model that judged
    "installing": "a new model is being installed: wait until it is in use",
    "begun-with": (
        "slide {slide} was begun with {model}, and {name} is in use now: start a new "
        "slide"
    ),
    "judged-by-gone": (
        "slide {slide} was judged by {model}, which is no longer on this device: "
        "count it again"
    ),
    # what a reader of a count must know of it
    "count-went-on": "counting stopped at {n} cells and went on",
    "areas-apart": (
        "The count joins {n} areas that were never seen to overlap: a cell that lies "
        "on two of them is counted twice."
    ),
    "found-by": "Cells are found by {name}: {why}",
    "found-by-since": "from cell {n} on, cells are found by {name}: {why}",
    "judged-by-since": "from cell {n} on, cells are judged by {engine}",
    "engine-took-over": "{engine} took over: {why}",
    # a frame beside the others of its slide
    "same-field-as": "shows the same field as {copy_of}, which counts once",
    "moved-too-fast": "moved too fast: hold still",
    "lost-place": "lost the place: go back slowly to where you were",
    "objective-turned": (
        "the cells have another size here: turn back to the objective of this slide"
    ),
    "frame-other-size": (
        "frame {frame} has another size ({width} x {height} pixels) than the first "
        "({first} x {second}): screen pictures of one size"
    ),
    # the records as a whole
    "not-written": "the records cannot be written: {why}",
    "not-read": "the records cannot be read: {why}",
    "not-signed-by-us": (
        "event {n} does not carry this device's signature: somebody else wrote it, "
        "and nothing is written behind it"
    ),
    "event-changed": (
        "event {n} was changed after it was written: see `leukoscope records "
        "verify-audit`, and restore a backup"
    ),
    "not-opened": "the records cannot be opened: {why}",
    "path-not-opened": "{path} cannot be opened: {why}",
    "records-looking": (
        "The records are being looked through after the start: slides open in a moment."
    ),
    "records-damaged": (
        "The records are damaged. The device lets go of them and mends them from "
        "their copy."
    ),
    "left-to-service": (
        "{folder}: the records are damaged, and nothing was changed: start the service "
        "(`leukoscope serve`), which mends them from their copy and says what is lost"
    ),
    "records-not-looked": "The records cannot be looked through: {why}",
    "no-copy-made": "The copy of the records could not be made: {why}",
    "not-copied": "the records cannot be copied: {why}",
    "copy-ahead": (
        "the copy holds event {n}, the records do not: the copy is left as it is; "
        "call service"
    ),
    "records-newer": (
        "{path}: format {n}, this program knows up to {m}: update the software"
    ),
    # a file of the records
    "path-in-use": "{path}: another program has it open ({why}): stop it first",
    "path-unreadable": "{path}: cannot be read ({why})",
    "path-unwritable": "{path}: cannot be written ({why})",
    "no-room": (
        "{path}: {n} MiB are free, {m} MiB are needed: make a backup and take old "
        "pictures away"
    ),
    "key-unreadable": "{path}: cannot be read ({why}): restore it from a backup",
    "key-size": "{path}: {n} bytes, expected {m}: restore it from a backup",
    "sealed-damaged": "{what}: does not open: damaged, or the key is another",
    "no-slide-number": "{found} is not the number of a slide",
    "no-picture-name": "{found} is not the name of a picture",
    "no-picture": "a stored picture is not a picture",
    "picture-damaged": "{path}: damaged or replaced",
    # a backup
    "backup-changed": "{file}: event {n}: {what}; not restored",
    "backup-lacks": "{file}: holds no {name}: not restored",
    "backup-foreign": "the backup holds {name}, which is no file of ours",
    "backup-format": "{file}: is of another format, expected {expected}",
    "backup-memory": "{file}: asks for more memory than a backup of ours does",
    "slide-left-out": "Slide {slide} is left out: {why}",
}
