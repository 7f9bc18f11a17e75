"""What a report says beside the verdict: figures in sentences, and what is unsigned."""

REPORT = {
    "preliminary": "PRELIMINARY: the machine alone; no person has signed",
    "report-of": "Leukoscope report, slide {slide}, version {n}",
    "slide-version": "Slide {slide}, version {n}",
    "audit-code": "audit code {code}",
    "changed-word": "{what}, now {word}",
    "model-said": "model: {called}",
    "word-p-blast": "{word}, blast {p} %",
    "called-why": "{called}; {why}",
    "off-scale": "seen at another scale than the slide's",
    "unlike-known": "unlike all that the model learned from",
    # facts
    "blasts-overruled": (
        "{k} of the cells were called blast-like by {who}; the last word on them is "
        "another"
    ),
    "corrected": "{what}: now {now}, before {was}",
    "at-by": "{time} by the device's clock, by {name}",
    "calls-of": "{k} of {n} cells blast-like, {m} unclear",
    "calls-seen": "{n} cells counted, {m} unclear",
    "calls-no-result": "no result ({what})",
    "calls-overruled": "does not count, for another result was signed ({what})",
    "calls-interval": "{what}; 95 % interval {low} to {high} %",
    "judged-alike": (
        "{who}: judged alike {k} of {n} cells; {m} settled by a supervisor"
    ),
    # to whom a critical result was told
    "told": ("version {n} by {how} at {time}, read back: {answer}, told by {name}"),
    "told-to": (
        "version {n} to {who} by {how} at {time}, read back: {answer}, told by {name}"
    ),
    "told-telephone": "telephone",
    "told-word-of-mouth": "word of mouth",
    "told-message": "message",
    "yes": "yes",
    "no": "no",
}
