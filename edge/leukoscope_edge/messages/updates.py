"""What the device says of a new model, and why it does not take one."""

UPDATES = {
    # a code: its cause, and what to do
    "U01": "no update was found here",
    "U01-cure": "Put in the stick with the LEUKOSCOPE-UPDATE folder.",
    "U02": "the stick is incomplete",
    "U02-cure": "Copy the whole LEUKOSCOPE-UPDATE folder onto it again.",
    "U03": "the stick is damaged",
    "U03-cure": "Copy the update onto another stick.",
    "U04": "this update was not signed by the publisher whom this device trusts",
    "U04-cure": "Do not use it. Keep the stick and report it to the publisher.",
    "U05": "this update is older than what this device has had",
    "U05-cure": "Ask the publisher for the newest update.",
    "U06": "this model is already installed",
    "U06-cure": "Nothing needs to be done.",
    "U07": "the stick lacks key files",
    "U07-cure": "Ask the publisher for the full update.",
    "U08": "the device has not enough room",
    "U08-cure": "Export old records and erase them, then try again.",
    "U09": "this device's own disk does not work",
    "U09-cure": "Call service.",
    "U10": "this update is not for this device as it is",
    "U10-cure": "Update the software first, or ask for the update for this device.",
    "U11": "the new model failed its check",
    "U11-cure": (
        "Keep working with the present one and send this code to the publisher."
    ),
    "U12": "the check of the new model was cut short too often",
    "U12-cure": (
        "Keep working with the present one and send this code to the publisher."
    ),
    "U13": "this model was withdrawn, or failed here before",
    "U13-cure": "Ask the publisher for the newest update.",
    "U14": "the stick was taken out too early",
    "U14-cure": "Put it back and start the update again.",
    "U15": "this device was never told whose updates to trust",
    "U15-cure": (
        "Run `leukoscope model trust ROOT.json` with the publisher's first root file."
    ),
    "U16": "another update is running",
    "U16-cure": "Wait until it has finished.",
    "U17": "nobody accepted what the new model changes",
    "U17-cure": "Let a supervisor look, then install again and accept by name.",
    "U18": "there is no earlier model to go back to",
    "U18-cure": "Install another update.",
    "S01": "no installed model is whole, so screening is off; records can be read",
    "S01-cure": "Install an update again, or run `leukoscope model rollback`.",
    "W01": "this device's clock is wrong",
    "W01-cure": "Set date and time.",
    # the line of a code; what goes wrong with an update changes no model
    "update-refused": "{code}: {cause}. The model in use has not changed. {cure}",
    "update-refused-found": (
        "{code}: {cause}: {detail}. The model in use has not changed. {cure}"
    ),
    "model-trouble": "{code}: {cause}. {cure}",
    "model-trouble-found": "{code}: {cause}: {detail}. {cure}",
    "model-unchanged": "The model in use has not changed.",
    # what exactly was found on the stick
    "file-missing": "{file} is missing",
    "file-not-plain": "{file} is not a plain file",
    "file-unreadable": "{file} cannot be read",
    "file-unreadable-why": "{file} cannot be read ({why})",
    "file-too-long": "{file} is too long",
    "file-cut-short": "{file} is cut short",
    "file-changed": "{file} is changed",
    "file-compressed": "{file} is compressed",
    "file-of-bytes": "{file}: {n} bytes",
    "file-asked-for": "it asks for a file {file}",
    "file-not-signed": "{file} is not among what was signed",
    "file-signed-twice": "two signed words on {file}",
    "file-line": "{file} holds a line that is none of a file",
    "copy-changed": "the copy of {file} is changed",
    "root-other": "another root is trusted; to replace it remove {file}",
    "root-none": "no root file: {why}",
    "past-end": "{day}, past the end of this update: {why}",
    # why a release is not for this device
    "release": "release {name}",
    "release-had": "have {had}, stick {release}",
    "release-had-root": "have {had}, stick {release}, but no newer root of trust",
    "software-needed": "needs software {oldest} to {newest}, this is {software}",
    "machine-needed": "made for {machines}, this is {machine}",
    "room-needed": "{free} MiB are free, {need} are needed",
    # how a new model fails
    "card-differs": "card and manifest differ on {model}",
    "model-of-this-id": (
        "{model}: another model of this id is here already: the publisher must give "
        "this one an id of its own"
    ),
    "no-answer": "no answer in {n} seconds on {engine}",
    "too-slow": "too slow on {engine}: {x} s a cell, expected at most {y}",
    "model-crashed": "the model crashed ({signal})",
    "check-ended": "the check ended with {n}",
    "update-unforeseen": "the update stopped for a reason that nobody foresaw",
    "cut-short": "cut short too often",
    "slot-its": "its slot is damaged",
    "slot": "slot {name} is damaged",
    # what the new model changes
    "not-compared": "Old cells could not be compared: {why}.",
    "cut-otherwise": "the new model wants its cells cut in another way",
    "nothing-to-compare": "There are no old cells to compare with.",
    "calls-change": "{k} of {n} old cells change call, {m} slides change verdict.",
    "calls-change-slide": "{k} of {n} old cells change call, 1 slide changes verdict.",
    "not-accepted": "not accepted: {what}",
    "accepted-by": "{what} Accepted by {name}.",
    # the model in use
    "now-slot": "now: {slot}",
    "model-in-use": "{name} is in use now.",
    "model-in-use-compared": "{model} is in use now. {what}",
    "model-damaged": "The {what} model is damaged; the one before it serves.",
    "review-due": "This model should have been reviewed by {day}: ask for an update.",
    "clock-reads": "it reads {found}, expected {expected} or soon after",
    "slides-below": "for {what} slides, below {folder}",
    "domain-real": "real",
    "domain-simulated": "simulated",
    # the update page
    "stick-first": "look at the stick first",
    "nobody-asked": "nobody was asked to accept a model",
}
