"""Names of the types of arrays, apart from the values that hold them.

A process that only watches others reads those values' types and never an array; without
this module here it would load numpy for their sake.
"""

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
