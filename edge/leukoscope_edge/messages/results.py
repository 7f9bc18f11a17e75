"""What the device says of a slide: verdict, no result, and its pictures."""

RESULTS = {
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
    "no-negative": "No negative is possible: {reason}.",
    "no-negative-until": "No negative is possible: {reason}. {cure}",
    "no-cell": "no white cell was seen",
    "unsigned": "no person has signed yet",
    "unsigned-cure": "Read the cells of this slide, then sign.",
    "overruled": "the person who signed gives another result",
    "overruled-cure": "The signed result alone counts.",
    "blast-disputed": (
        "two readers differ on {k} of the cells, which one of them calls blast-like"
    ),
    "blast-disputed-cure": "A supervisor settles these cells.",
    "no-sample-type": "nobody said whether this is blood or marrow",
    "no-sample-type-cure": "Say it for this slide, or give --sample-type.",
    "like-marrow": (
        "{k} of {n} cells are immature, as in marrow, and this was said to be blood"
    ),
    "like-marrow-cure": (
        "Say marrow if it is marrow. Immature cells in blood: have a person look."
    ),
    "like-blood": (
        "only {k} of {n} cells are immature, as in blood, and this was said to be "
        "marrow"
    ),
    "like-blood-cure": (
        "Say blood if it is blood, or make a smear of marrow with particles."
    ),
    "uncalibrated": (
        "nobody said what a pixel of these images measures, and the model judges size"
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
    "marrow-blank": (
        "the model calls {k} of {n} cells blast, and of a normal marrow up to {m}"
    ),
    "marrow-blank-cure": "Read the cells that it calls blast.",
    "not-over": "the count is not over",
    "void": "this slide is void",
    "rescaled": "its cells were judged at the scale of another objective",
    "not-gathered": (
        "an older program counted its first cells, and what their pictures were like "
        "was not kept"
    ),
    "rescaled-cure": "Count the slide again, as a new one.",
    # pictures, each with what to do
    "red-blue": "red cells are blue: red and blue are exchanged",
    "red-green": "red cells are green: red and green are exchanged",
    "green-blue": "nuclei are green: green and blue are exchanged",
    "inverted": "the colours are inverted: what is bright should be dark",
    "toned": "the colours were changed: red, green and blue are nearly alike in nuclei",
    "colours-cure": "Set camera or program right, and take the pictures again.",
    "squashed": (
        "red cells are {ratio} times as wide as high: the pictures were squashed or "
        "stretched"
    ),
    "squashed-cure": "Save the pictures in the shape in which the camera takes them.",
    "scale-off": (
        "red cells would measure {um} µm at this scale, and have about {expected}"
    ),
    "scale-off-cure": "Check the scale.",
    "scale-mixed": (
        "in {k} of {n} pictures whose cells could be measured they have another size "
        "than at this slide's scale: another objective, or another camera"
    ),
    "scale-mixed-cure": (
        "Count again with one objective, and give pictures of one microscope at a time."
    ),
    "scale-near": (
        "The scale may be off by {p} %: the cells say {um} µm per pixel ({low} to "
        "{high}), and {given} was given."
    ),
    "scale-unconfirmed": (
        "The cells could not confirm the scale of {given} µm per pixel: check it."
    ),
    "compressed": (
        "the pictures were compressed too much (JPEG quality {q}, at least {least})"
    ),
    "compressed-cure": "Save them as PNG or TIFF.",
    "few-bits": (
        "the video was compressed too much ({b} bits per pixel, at least {least})"
    ),
    "few-bits-cure": "Record at a higher bit rate, as Motion JPEG, or as pictures.",
    "tags": ("the files say that a pixel measures {said} µm, and {given} µm was given"),
    "sizes-mixed": "the pictures have {k} sizes, and one scale was given for all",
    "sizes-mixed-cure": "Screen pictures of one size at a time.",
    "seen-twice": "{k} of {n} cells stand in two pictures, and were counted twice",
    "seen-twice-cure": (
        "Give each place of the slide once; pictures that overlap are a sequence."
    ),
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
    "amended-said": "Version {n} said: {what}",
    "suspected-beside": (
        "Slide {slide} of the same sample tells of blast-like cells: read both "
        "together."
    ),
    "suspected-elsewhere": (
        "Another slide of this sample tells of blast-like cells: read both together."
    ),
    "unsigned-beside": (
        "Another slide of this sample is not signed yet: this result does not speak of "
        "it."
    ),
    "being-amended": "Version {n}, being amended: a newer one is not signed yet.",
    "void-because": "VOID, by {name}: {why}",
    "why-elsewhere": "the reason stands on the copy with the sample alone",
    "not-said": "no reason was given",
    "why-erased": "the reason was erased with the person's name",
    # the differential
    "flag-left-shift": (
        "Left shift: {p} % immature granulocytes, usual up to {high} %."
    ),
    "flag-eosinophilia": "Eosinophilia: {p} % eosinophils, usual up to {high} %.",
    "flag-lymphocytosis": ("Lymphocytosis: {p} % lymphocytes, usual up to {high} %."),
    "flag-erythroblasts": (
        "Erythroblasts: {p} for every 100 white cells; a counter may have taken "
        "them for white cells."
    ),
    "kinds-by-people": "People named the kind of every cell.",
    "kinds-to-name": (
        "People named the kind of {k} of {n} cells. The differential is shown once "
        "every cell is named."
    ),
    "ranges-unreadable": "No usual ranges: {why}",
    # the stop rule
    "enough-above": "enough: more than {level} blasts",
    "enough-below": "enough: fewer than {level} blasts",
    "enough-open": ("enough cells; on which side of {level} the blasts are stays open"),
    "enough": "enough cells",
    "hopeless": "this model cannot settle it with more cells: a person must look",
    "go-on": "keep going to {n} usable cells: {why}",
    "go-on-to": "keep going to {n} usable cells",
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
}
