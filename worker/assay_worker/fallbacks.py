"""vLLM's messages that it took something else than what the model or the arguments asked for.

A message is known by a hash of its template, as it stands in vLLM's source (0.32.0) before its
values are filled in: no line is searched for words. tests/test_kernels.py finds each of them there.
"""

from __future__ import annotations

import hashlib
import re

from assay_worker.vllm_releases import FALLBACKS


def fingerprint(template: str) -> str:
    """Of a message before its values are filled in (LogRecord.msg). A few are filled in before they
    are logged: what stands in single quotes, and an exception's text at the end, do not count."""
    fixed = re.sub(r"'[^']*'", "''", template).split("Exception:")[0]
    return hashlib.sha256(fixed.encode()).hexdigest()[:16]


def tells_of_fallback(template: str) -> bool:
    """`template`: the message before its values are filled in (LogRecord.msg)."""
    return fingerprint(template) in FALLBACKS
