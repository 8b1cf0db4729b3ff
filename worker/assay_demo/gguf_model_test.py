"""Names, and the rotary order of q and k."""

import numpy as np
import pytest

from assay_demo import gguf_model


def test_names():
    assert gguf_model.hugging_face_name("token_embd.weight") == "model.embed_tokens.weight"
    assert (
        gguf_model.hugging_face_name("blk.12.ffn_down.weight")
        == "model.layers.12.mlp.down_proj.weight"
    )
    for unknown in ("blk.0.attn_q.bias", "blk.0.ssm.weight", "rope_freqs.weight"):
        with pytest.raises(ValueError, match="unknown GGUF tensor"):
            gguf_model.hugging_face_name(unknown)


def test_pairs_become_halves_within_each_head():
    rows = np.arange(8.0).reshape(8, 1)  # two heads of dimension 4
    assert gguf_model.rotary_to_halves(rows, heads=2).ravel().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def rotate_pairs(x, angles):
    """GGUF's rotary embedding of one head: (2i, 2i+1) turn by angle i."""
    out = np.empty_like(x)
    out[0::2] = x[0::2] * np.cos(angles) - x[1::2] * np.sin(angles)
    out[1::2] = x[0::2] * np.sin(angles) + x[1::2] * np.cos(angles)
    return out


def rotate_halves(x, angles):
    """Hugging Face's: (i, i + d/2) turn by angle i."""
    first, second = np.split(x, 2)
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate((first * cos - second * sin, second * cos + first * sin))


def test_attention_scores_stay_the_same():
    random = np.random.default_rng(4)
    q, k = random.normal(size=(2, 8, 16))  # one head of dimension 8, 16 inputs
    x, y = random.normal(size=(2, 16))
    angles = random.uniform(size=4)
    before = rotate_pairs(q @ x, 3 * angles) @ rotate_pairs(k @ y, 7 * angles)
    q, k = (gguf_model.rotary_to_halves(weight, heads=1) for weight in (q, k))
    after = rotate_halves(q @ x, 3 * angles) @ rotate_halves(k @ y, 7 * angles)
    assert after == pytest.approx(before)
