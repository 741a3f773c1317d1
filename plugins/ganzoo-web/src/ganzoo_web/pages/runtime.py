"""ONNX Runtime Web and the page's worker as one script, from the plugin's own files."""

from __future__ import annotations

import functools

from ganzoo_web.pages.bundle import BROWSER, RUNTIME
from ganzoo_web.pages.packing import packed, script, text_of

#: Licences that lie beside the runtime wherever it goes.
LICENCES = {
    "LICENSE": "onnxruntime-LICENSE.txt",
    "ThirdPartyNotices.txt": "onnxruntime-NOTICES.txt",
}
_HEAD = """\
/* ONNX Runtime Web 1.30.0, Copyright (c) Microsoft Corporation, MIT License: see
   onnxruntime-LICENSE.txt and onnxruntime-NOTICES.txt. Compressed with gzip, in base64. */
"""


@functools.cache
def runtime_script() -> str:
    """The script that a page reads the runtime from."""
    module = (RUNTIME / "ort.wasm.bundle.min.mjs").read_bytes()
    wasm = (RUNTIME / "ort-wasm-simd-threaded.wasm.gz").read_bytes()
    worker = (BROWSER / "page" / "worker.js").read_text(encoding="utf-8")
    value = {"module": packed(module), "wasm": text_of(wasm), "worker": worker}
    return _HEAD + script("runtime", value)
