"""What the device says of its quality control, each with what to do."""

QUALITY = {
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
    "stain-out": ("the stain is {x} levels dark, and usually between {low} and {high}"),
    "stain-out-cure": (
        "Check stain and buffer, stain another smear, and count it. After a new "
        "stain a supervisor sets new usual values."
    ),
}
