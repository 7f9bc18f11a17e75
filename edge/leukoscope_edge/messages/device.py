"""What the device says of itself: disk, heat, records, restore, models."""

DEVICE = {
    "calibrate-then-add": (
        "the camera is not calibrated: calibrate, then add the cell"
    ),
    "other-objective": (
        "this camera is calibrated under {known}, not under {objective}: choose the "
        "objective that is in use, or calibrate it"
    ),
    "same-fields": (
        "{k} of {n}: count in the same fields; what the device marks beside the cells "
        "does not count"
    ),
    "calibrate-then-show": "calibrate this objective, then show a picture of blood",
    "calibrated-size": (
        "calibrated at {width} x {height} pixels, and the picture has "
        "{now_width} x {now_height}: calibrate again"
    ),
    # the camera, and why its picture is not looked at
    "camera-says": "camera: {why}",
    "camera-starts": "it is starting",
    "camera-unplugged": "{camera} is not plugged in",
    "camera-no-picture": "it gives no picture",
    "camera-gave-none": "it gave no picture: {why}",
    "camera-in-use": "{camera} cannot be opened: is it in use?",
    "camera-no-answer": "{camera} gave no picture: is it plugged in?",
    "camera-setting": "{camera}: {name} is {found}, asked for {expected}",
    "usb-camera-none": "no USB camera is plugged in",
    "usb-camera-which": "name one of these cameras: {cameras}",
    "port-empty": "no camera on port {n}: check its ribbon cable",
    "port-closed": "camera {n} cannot be opened: {why}",
    "port-refuses": "camera {n} refuses: {why}",
    "exposure-untold": "it does not say when or how long: {why}",
    "gstreamer-missing": "{program} is missing: install gstreamer1.0-tools",
    "gstreamer-ended": "GStreamer ended: is the camera's ribbon cable in place?",
    "picamera2-missing": (
        "picamera2 is missing: install python3-picamera2 and make the environment with "
        "--system-site-packages"
    ),
    "light-unsettled": "light and colour do not settle: does the lamp flicker?",
    "child-not-started": "{program}: cannot be started: {why}",
    "child-silent": "its process gave no answer: {why}",
    "next-attempt": "{why} (next attempt in {n} s)",
    "picture": "the picture {why}",
    "video": "the video {why}",
    "its-picture": "its picture {why}",
    "picture-old": "is {n} s old",
    "picture-frozen": "is the last picture again: the camera is frozen",
    "picture-black": "is black: switch the lamp on, uncover the camera",
    "picture-torn": "is torn: a part of it was lost on the way",
    "picture-form": "is {found}, expected {expected} uint8 (rows x columns)",
    "picture-exposed": "was exposed for {n} us, locked is {m} us",
    "screening-off": "screening is off: {why}",
    "disk-full": (
        "the disk is full: less than {n} slides fit; make a backup and take"
        " old pictures away"
    ),
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
    "stick-full": "the stick is full: take files off it, or use another",
    "stick-file-large": (
        "the stick takes no file of this size (FAT32 ends at 4 GiB): use one formatted "
        "as exFAT"
    ),
    "stick-protected": (
        "the stick is write-protected or damaged: move its switch, or use another"
    ),
    "stick-no-folder": (
        "the stick has a file or a link named leukoscope, where the folder belongs: "
        "rename it"
    ),
    "stick-taken-out": (
        "the stick was taken out, or it is broken: the new file is not on it"
    ),
    "stick-unwritable": "the stick cannot be written ({why}): use another",
    "stick-cut-off": "the file was cut off on its way: nothing is on the stick",
    "stick-no-answer": (
        "the program that writes to sticks does not answer: try again, then call "
        "service"
    ),
    "stick-read-only": (
        "The stick can only be read: this device mounts sticks read only, so that "
        "nothing on one can harm it."
    ),
    "no-such-stick": "{path}: no such stick; plug it in again",
    "backup-on-stick": "The backup is on the stick: {name}",
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
        "give it to user {user}, who runs this: `chown -R {user}` and `chmod -R u+rwX`"
    ),
    "disk-cure-service": "call service",
    "wrong-passphrase": "{file}: does not open: wrong passphrase, or damaged",
    "passphrase-short": "the passphrase needs at least {n} characters",
    "no-backup": "{file}: is not a backup of ours",
}
