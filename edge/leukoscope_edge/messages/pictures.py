"""What the device says of a picture: why it is not judged, what became of its file.

What is said of a file or a frame stands behind its name: "a.png is empty: ...".
"""

PICTURES = {
    # a frame that is not good enough, the gravest first (`vision/quality.py`)
    "no-numbers": "the picture holds values that are no numbers: check the camera",
    "too-small": "the picture is too small to hold a cell: use a larger one",
    "too-dark": "too dark: raise the lamp or the exposure",
    "nothing-to-see": "nothing to see: move to the film, check focus and lens cap",
    "too-bright": "too bright: lower the lamp or the exposure",
    "no-plasma": (
        "no plain plasma to be seen: move to a thinner area, or set the white balance"
    ),
    "smeared": "the picture is smeared in one direction: hold still",
    "out-of-focus": "out of focus: turn the fine focus until edges are crisp",
    "too-pale": "the stain is too pale: choose another area or stain again",
    "too-thick": "too thick: move towards the feathered edge",
    # a file that is not read
    "file-empty": "is empty: copy it again",
    "file-has-bytes": "has {n} bytes, at most {m} are read",
    "file-unknown": (
        "is not an image of a known kind (JPEG, PNG, BMP, TIFF, WebP): remove it, or "
        "save it as one of these"
    ),
    "file-other-kind": (
        "is of a kind that is not read here ({kind}): save it as PNG, TIFF or JPEG"
    ),
    "file-packed-folder": (
        "is a packed folder ({kind}): unpack it, screen the pictures in it, and take "
        "it away"
    ),
    "file-late": "is newer than the list of pictures: screen all of them again",
    "file-no-suffix": (
        "is a picture whose name does not say so: let it end in .jpg, .png, .tif, .bmp "
        "or .webp"
    ),
    "file-too-large": (
        "has {width} x {height} pixels, at most {m} megapixels are read: save single "
        "fields"
    ),
    "file-truncated": "is truncated (its end is missing): copy it again",
    "file-damaged": "is damaged ({why}): copy it again",
    "file-moving": (
        "holds several pictures that follow each other: save them as single files"
    ),
    "file-shapes": (
        "holds {n} pictures of different shapes: save the fields as single files"
    ),
    "file-bmp-bits": (
        "is a BMP of {n} bits per pixel, expected 24 or 32: save it as PNG"
    ),
    "file-palette": (
        "has 256 colours at most (a palette), and fine shades are lost: save it in "
        "full colour"
    ),
    "file-lossy-webp": (
        "is a lossy WebP, and how much detail it lost cannot be told: save it as PNG "
        "where it was taken"
    ),
    "file-bits": (
        "has {n} bits per channel, expected 8: save it as an 8-bit colour PNG or JPEG"
    ),
    "file-inks": "keeps its colours in a way that is not read here: save it as RGB",
    "file-transparent": "is transparent in parts: save it without transparency",
    "file-channels": "keeps each colour as a picture of its own: save it as RGB",
    "file-packed": (
        "is packed in a way that is not read here ({kind}): save it without compression"
    ),
    "file-big-tiff": "is a BigTIFF, which is not read here: save it as TIFF or PNG",
    "file-grey": (
        "has no colour, and a stain cannot be judged without: take it with the camera "
        "in colour mode"
    ),
    "file-drawn": (
        "has lines or words drawn on it, which hide cells and pass for stain: save it "
        "without them"
    ),
    "file-framed": (
        "has parts in one single colour, as of a window or a bar: save the picture "
        "itself, not what the screen shows"
    ),
    "file-joined": (
        "is put together of pictures side by side: save each as a file of its own"
    ),
    "file-undecoded": (
        "cannot be decoded (damaged, or larger than {m} megapixels): copy it again"
    ),
    "file-memory": "needs more memory than {m} megapixels may: remove it",
    "file-stopped": "cannot be decoded ({why}): remove it",
    "file-retake": "cannot be decoded: take it again",
    "file-says": "cannot be read: {why}",
    "file-is-folder": "is a folder that is called like a file: screen it alone",
    "file-is-pipe": "is no file but a pipe or a device: remove it",
    "folder-among": "is a folder of images among images: screen it alone",
    "video-among": "is a video among images: screen it alone",
    # how a file is damaged
    "damage-blank": "a part of it is blank",
    "damage-noise": "a part of it is noise",
    "damage-shifted": "a part of it is shifted",
    "damage-unwritten": "a part of its data was never written",
    "damage-checksum": "a checksum differs",
    "damage-size": "its size does not fit its header",
    "damage-outside": "its data lie outside the file",
    "damage-pages": "its list of pages cannot be read",
    "damage-loop": "a page follows itself",
    # a video
    "video-unread": (
        "is not a video that can be read here: save it as MP4 (H.264) or as a folder "
        "of images"
    ),
    "video-undecoded": (
        "no frame of this {codec} video can be decoded here: save it as MP4 (H.264) or "
        "as a folder of images"
    ),
    "video-lost": "{n} frames could not be read: copy the video again",
    "video-cut": ("is damaged where it ends (frames may be missing): copy it again"),
    "video-resized": (
        "has another size or format than the frames before: record the video again"
    ),
    "video-interlaced": (
        "is interlaced (every other line is of another moment): record it progressively"
    ),
    "video-oblong": (
        "has pixels that are no squares ({shape}), so that cells are squashed: save it "
        "with square pixels"
    ),
    "video-hdr": "is recorded in HDR, whose colours are others: record it without",
    "frame-damaged": "is damaged ({why})",
}
