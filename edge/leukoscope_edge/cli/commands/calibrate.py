"""`leukoscope calibrate`: a stage micrometer and a blank area, to one file."""

import argparse
from pathlib import Path

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.stored import decode_image, regular
from leukoscope_edge.cli.arguments import number, path, word
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.cli.scale import micrometres
from leukoscope_edge.durable import write_whole
from leukoscope_edge.errors import ConfigError, SourceError, UsageError
from leukoscope_edge.vision import record_flat_field
from leukoscope_edge.vision.scale import (
    Calibration,
    check_red_cells,
    scale_from_lines,
    scale_from_two_points,
)

SPACING_RANGE_UM = 0.5, 1000.0
"""Of the lines of stage micrometers, from gratings to those for magnifying glasses."""
DISTANCE_RANGE_UM = 0.5, 10_000.0
"""Of two marks in one picture: the scale is at most two micrometres per pixel."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    calibrate = add_command(
        commands,
        "calibrate",
        "Give the distance between neighbouring lines, or two points and how far\n"
        "apart they are. "
        "The file holds for one camera on one objective at one size of picture.",
        (
            "leukoscope calibrate LINES.png --spacing-um 10 --camera C1 \\",
            "    --objective '100x oil' --flat-field BLANK.png --out 100x.toml",
        ),
    )
    calibrate.set_defaults(run=_calibrate)
    calibrate.add_argument("micrometer", type=path, help="image of a stage micrometer")
    how = calibrate.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--spacing-um",
        type=micrometres(*SPACING_RANGE_UM),
        help="between neighbouring lines",
    )
    how.add_argument(
        "--distance-um",
        type=micrometres(*DISTANCE_RANGE_UM),
        help="between the two --points",
    )
    calibrate.add_argument(
        "--points",
        type=number,
        nargs=4,
        metavar=("X0", "Y0", "X1", "Y1"),
        help="two marks on the image, in pixels",
    )
    calibrate.add_argument("--flat-field", type=path, help="image of a blank area")
    calibrate.add_argument(
        "--blood", type=path, help="image of a blood field, to check red cells"
    )
    calibrate.add_argument(
        "--camera", type=word, required=True, help="name of the camera"
    )
    calibrate.add_argument(
        "--objective", type=word, required=True, help="as on its barrel"
    )
    calibrate.add_argument("--out", type=path, required=True, help="the file, .toml")


def _calibrate(options: argparse.Namespace) -> int:
    pixels = _read(options.micrometer, may_be_grey=True)
    height, width = pixels.shape[:2]
    try:
        calibration = Calibration(
            camera=options.camera,
            objective=options.objective,
            width_px=width,
            height_px=height,
            um_per_px=_scale(pixels, options),
            source="two points" if options.spacing_um is None else "line spacing",
            flat_light=_flat_light(options.flat_field, (height, width)),
        )
    except ValueError as err:
        raise ConfigError(f"{options.micrometer}: {err}") from err
    write_whole(options.out, calibration_bytes(calibration))
    print(f"{options.out}: {calibration.um_per_px:.5f} um per pixel")
    if options.blood:
        warning = check_red_cells(_read(options.blood), calibration.um_per_px)
        print(warning or "red cells: no objection")
    return 0


def calibration_bytes(calibration: Calibration) -> bytes:
    """Return a calibration as TOML; `config.read_toml` reads it again."""
    light = ", ".join(f"{v:.4f}" for v in calibration.flat_light)
    return (
        f"camera = {_quoted(calibration.camera)}\n"
        f"objective = {_quoted(calibration.objective)}\n"
        f"width_px = {calibration.width_px}\n"
        f"height_px = {calibration.height_px}\n"
        f"um_per_px = {calibration.um_per_px:.6f}\n"
        f'source = "{calibration.source}"\n'
        f"flat_light = [{light}]\n"
    ).encode()


def _quoted(text: str) -> str:
    if not text.isprintable():
        raise ConfigError(f"name of camera or objective: {text!r} cannot be written")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _scale(pixels: U8, options: argparse.Namespace) -> float:
    if options.spacing_um is not None and options.points is not None:
        raise UsageError("--points go with --distance-um, not with --spacing-um")
    if options.spacing_um is not None:
        return scale_from_lines(pixels, options.spacing_um)
    if options.points is None:
        raise UsageError("--distance-um needs --points X0 Y0 X1 Y1")
    x0, y0, x1, y1 = options.points
    return scale_from_two_points((x0, y0), (x1, y1), options.distance_um)


def _flat_light(path: Path | None, shape: tuple[int, int]) -> tuple[float, ...]:
    if path is None:
        return ()
    pixels = _read(path)
    if pixels.shape[:2] != shape:
        raise ConfigError(f"{path}: is not of the micrometer image's size")
    return tuple(float(v) for v in record_flat_field(pixels).light.ravel())


def _read(path: Path, *, may_be_grey: bool = False) -> U8:
    try:
        return decode_image(regular(path).read_bytes(), may_be_grey=may_be_grey)
    except OSError as err:
        raise SourceError(f"{path}: cannot be read: {err.strerror}") from err
    except SourceError as err:
        raise SourceError(f"{path}: {err}") from err
