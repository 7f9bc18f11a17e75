"""What the device says of people, of their PINs, and of what the page refuses."""

PAGE = {
    # people and their PINs
    "set-up-already": "the device is set up already: sign in",
    "last-supervisor": "{name} is the last supervisor: make another one first",
    "name-here": "{name} is here already: add another name",
    "name-before": "{name} was here before: add another name",
    "name-length": "a name needs 1 to {n} letters",
    "reads-with-another": "{name} reads slide {slide} with another: sign it first",
    "pin-length": "a PIN needs {low} to {high} digits",
    "pin-guessed": "this PIN is guessed first: choose another",
    # what the page refuses, and its own fault
    "other-host": "this device has another name",
    "other-page": "this request comes from another page",
    "old-page": "the page is out of date: load it again",
    "too-much-text": "too much text",
    "language-not-here": "this language is not here",
    "no-frame-kept": "no frame was kept of this cell",
    "not-judged": "the model did not judge this cell",
    "no-known-cell": "there is no such known cell",
    "no-stored-cell": "there is no such stored cell",
    "say-first": "say first what you see: the others' words come after",
    "supervisor-accepts": "only a supervisor accepts what a new model changes",
    "sign-in-first": "sign in first",
    "switch-off": "this machine is not powered off from the page: use its switch",
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
        "the count has failed and was not ended: go on counting, or begin a new slide"
    ),
    "withdrawn-by-supervisor": "a supervisor withdraws what was signed",
    "time-to-come": "the time is still to come: look at it again",
    "lights-first": "look at the lights first: Get ready",
    "page-fault": (
        "The page met a fault of its own and wrote it down. Go Home and try again; "
        "if it comes back, call service and name this code: {code}"
    ),
    # for tests and tools: a sentence that is no device's
    "test": "it is a test",
}
