"""The light that a stream of H.264 or H.265 says it holds, in its parameter sets.

Containers need not repeat it: an AVI cannot, a Matroska or MP4 file may leave it out.
The transfer function stands near the end of a sequence parameter set, so that what lies
before it has to be passed over, field by field.

Source: ITU-T H.264 (7.3.2.1.1, E.1.1) and H.265 (7.3.2.2.1, 7.3.3, 7.3.4, 7.3.7,
E.2.1); the names in comments are theirs.
"""

HDR_TRANSFERS = frozenset({16, 18})
"""Perceptual quantizer and hybrid log-gamma, as ITU-T H.273 numbers them."""
ESCAPED, PLAIN = b"\x00\x00\x03", b"\x00\x00"
"""A stream never holds three bytes that look like a start; one is put in between."""
HIGH_PROFILES = frozenset(
    {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
)
"""Of H.264, whose sets say how colours are sampled and how deep."""
ALL_COLOURS, EXTENDED_SAR = 3, 255
PROFILE_BITS, LEVEL_BITS = 88, 8
MAX_REPEATS = 1 << 10
"""Of any field; more is noise."""


class _Bits:
    """A reader of bits; past the end it raises IndexError."""

    def __init__(self, data: bytes) -> None:
        self._number, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, n: int) -> int:
        """Return the next bits as a number."""
        if n > self._left:
            raise IndexError
        self._left -= n
        return (self._number >> self._left) & ((1 << n) - 1)

    def code(self, times: int = 1) -> int:
        """Return the last of so many Exp-Golomb codes, as an unsigned number."""
        if times > MAX_REPEATS:
            raise IndexError
        value = 0
        for _ in range(times):
            n = 0
            while not self.take(1):
                n += 1
            value = (1 << n) - 1 + self.take(n)
        return value

    def signed(self) -> int:
        """Return the next Exp-Golomb code as a signed number."""
        value = self.code()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def transfer_of_h264(unit: bytes) -> int | None:
    """Return the transfer function that a set says, as ITU-T H.273 numbers it.

    Args:
        unit: A sequence parameter set of H.264, its header first.

    Returns:
        None where it says none, or is damaged.
    """
    try:
        return _h264(_Bits(unit.replace(ESCAPED, PLAIN)[1:]))
    except IndexError:
        return None


def transfer_of_h265(unit: bytes) -> int | None:
    """Do as `transfer_of_h264` for H.265, whose header has two bytes."""
    try:
        return _h265(_Bits(unit.replace(ESCAPED, PLAIN)[2:]))
    except IndexError:
        return None


def _h264(bits: _Bits) -> int | None:
    profile = bits.take(8)
    bits.take(16)
    bits.code()  # seq_parameter_set_id
    if profile in HIGH_PROFILES:
        colours = bits.code()
        bits.take(1 if colours == ALL_COLOURS else 0)
        bits.code(2)  # depths
        bits.take(1)
        if bits.take(1):  # seq_scaling_matrix_present_flag
            for k in range(12 if colours == ALL_COLOURS else 8):
                _pass_scaling_list(bits, 16 if k < 6 else 64)
    bits.code()  # log2_max_frame_num_minus4
    order = bits.code()
    if order == 0:
        bits.code()
    elif order == 1:
        bits.take(1)
        bits.code(2)
        bits.code(bits.code())
    bits.code()  # max_num_ref_frames
    bits.take(1)
    bits.code(2)  # width and height
    if not bits.take(1):  # frame_mbs_only_flag
        bits.take(1)
    bits.take(1)
    bits.code(4 if bits.take(1) else 0)  # frame_cropping_flag
    return _transfer(bits)


def _pass_scaling_list(bits: _Bits, n: int) -> None:
    if not bits.take(1):
        return
    last = 8
    for _ in range(n):
        last = (last + bits.signed()) % 256
        if last == 0:
            return


def _h265(bits: _Bits) -> int | None:
    bits.take(4)
    n_layers = bits.take(3)  # sps_max_sub_layers_minus1
    bits.take(1)
    _pass_profiles(bits, n_layers)
    bits.code()  # sps_seq_parameter_set_id
    bits.take(1 if bits.code() == ALL_COLOURS else 0)
    bits.code(2)  # width and height
    bits.code(4 if bits.take(1) else 0)  # conformance_window_flag
    bits.code(2)  # depths
    n_order_bits = bits.code() + 4
    bits.code(3 * (n_layers + 1 if bits.take(1) else 1))
    bits.code(6)  # sizes of blocks
    if bits.take(1) and bits.take(1):  # scaling_list_enabled, and data present
        _pass_scaling_lists(bits)
    bits.take(2)
    if bits.take(1):  # pcm_enabled_flag
        bits.take(8)
        bits.code(2)
        bits.take(1)
    _pass_reference_sets(bits)
    if bits.take(1):  # long_term_ref_pics_present_flag
        for _ in range(bits.code()):
            bits.take(n_order_bits + 1)
    bits.take(2)
    return _transfer(bits)


def _pass_profiles(bits: _Bits, n_layers: int) -> None:
    bits.take(PROFILE_BITS + LEVEL_BITS)
    present = [(bits.take(1), bits.take(1)) for _ in range(n_layers)]
    bits.take(2 * (8 - n_layers) if n_layers else 0)
    for has_profile, has_level in present:
        bits.take(PROFILE_BITS * has_profile + LEVEL_BITS * has_level)


def _pass_scaling_lists(bits: _Bits) -> None:
    for size in range(4):
        for _ in range(2 if size == 3 else 6):
            is_sent = bits.take(1)  # scaling_list_pred_mode_flag
            n = min(64, 16 << 2 * size) + (1 if size > 1 else 0)
            bits.code(n if is_sent else 1)


def _pass_reference_sets(bits: _Bits) -> None:
    n_before = 0
    for k in range(bits.code()):
        if k and bits.take(1):  # inter_ref_pic_set_prediction_flag
            bits.take(1)
            bits.code()
            # used_by_curr_pic_flag, and where it is not set use_delta_flag
            n_before = sum(bits.take(1) or bits.take(1) for _ in range(n_before + 1))
            continue
        n_before = bits.code() + bits.code()
        for _ in range(n_before):
            bits.code()
            bits.take(1)


def _transfer(bits: _Bits) -> int | None:
    """Read on from vui_parameters_present_flag, which is the same in both."""
    if not bits.take(1):
        return None
    if bits.take(1) and bits.take(8) == EXTENDED_SAR:
        bits.take(32)
    if bits.take(1):  # overscan_info_present_flag
        bits.take(1)
    if not bits.take(1):  # video_signal_type_present_flag
        return None
    bits.take(4)
    if not bits.take(1):  # colour_description_present_flag
        return None
    bits.take(8)
    return bits.take(8)
