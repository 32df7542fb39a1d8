"""Any .tflite file on the box's own runtime, timed: for networks that are compared and never shipped."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from types import ModuleType

import numpy as np

from device.adapters.tflite import RUNTIMES
from train.errors import ToolError

RUNS = 400
WARM_UP = 20


def timed(path: Path) -> float:
    """Median milliseconds of one inference on one thread, without XNNPACK, as the box runs its own model.

    Raises:
        ToolError: No interpreter is installed.
    """
    runtime = _runtime()
    interpreter = runtime.Interpreter(
        model_content=path.read_bytes(),
        num_threads=1,
        experimental_op_resolver_type=runtime.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]
    picture = np.zeros(given["shape"], given["dtype"])
    times = []
    for _ in range(WARM_UP + RUNS):
        begin = time.perf_counter()
        interpreter.set_tensor(given["index"], picture)
        interpreter.invoke()
        times.append(time.perf_counter() - begin)
    return round(float(np.median(times[WARM_UP:])) * 1000, 4)


def _runtime() -> ModuleType:
    for name in RUNTIMES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ToolError("no TensorFlow Lite interpreter is installed; pip install tflite-runtime or ai-edge-litert")
