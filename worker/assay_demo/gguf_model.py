"""Reads a llama-architecture GGUF file into BF16 tensors under Hugging Face names.

GGUF keeps q and k projections in the order its rotary kernel wants: within a head, row pairs
(2i, 2i+1) rotate together. Hugging Face rotates rows (i, i + d/2) together, so those two
projections have to be put back before any other tool may use them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize

_TOP_LEVEL = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_PER_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


@dataclass(frozen=True)
class SourceModel:
    """What the GGUF file holds: metadata by GGUF key, BF16 tensors by Hugging Face name."""

    metadata: dict[str, Any]
    tensors: dict[str, torch.Tensor]


def hugging_face_name(gguf_name: str) -> str:
    """`blk.3.attn_q.weight` -> `model.layers.3.self_attn.q_proj.weight`."""
    if gguf_name in _TOP_LEVEL:
        return _TOP_LEVEL[gguf_name]
    match gguf_name.split("."):
        case ["blk", layer, part, "weight"] if part in _PER_LAYER:
            return f"model.layers.{layer}.{_PER_LAYER[part]}.weight"
    raise ValueError(f"unknown GGUF tensor {gguf_name!r}")


def rotary_to_halves(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows (2i, 2i+1) of each head -> rows (i, i + d/2). Shape (heads * d, columns) is kept."""
    rows, columns = weight.shape
    pairs = weight.reshape(heads, rows // heads // 2, 2, columns)
    return np.ascontiguousarray(pairs.transpose(0, 2, 1, 3)).reshape(rows, columns)


def read_model(path: Path) -> SourceModel:
    reader = GGUFReader(path)
    metadata = {key: field.contents() for key, field in reader.fields.items()}
    if metadata["general.architecture"] != "llama":
        raise ValueError(f"{path}: architecture is {metadata['general.architecture']!r}, not llama")
    heads = {
        "attn_q": metadata["llama.attention.head_count"],
        "attn_k": metadata["llama.attention.head_count_kv"],
    }
    tensors = {}
    for tensor in reader.tensors:
        weight = dequantize(tensor.data, tensor.tensor_type)
        part = tensor.name.split(".")[-2]
        if part in heads:
            weight = rotary_to_halves(weight, heads[part])
        tensors[hugging_face_name(tensor.name)] = torch.tensor(weight, dtype=torch.bfloat16)
    return SourceModel(metadata, tensors)


def model_config(source: SourceModel) -> dict[str, Any]:
    """The config.json that describes the model to transformers and vLLM."""
    metadata = source.metadata

    def llama(key: str) -> Any:
        return metadata[f"llama.{key}"]

    hidden_size, heads = llama("embedding_length"), llama("attention.head_count")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "hidden_size": hidden_size,
        "intermediate_size": llama("feed_forward_length"),
        "num_hidden_layers": llama("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": llama("attention.head_count_kv"),
        "head_dim": hidden_size // heads,
        "vocab_size": llama("vocab_size"),
        "max_position_embeddings": llama("context_length"),
        # GGUF stores float32; seven digits give back the decimal number the model was made with.
        "rms_norm_eps": float(f"{llama('attention.layer_norm_rms_epsilon'):.7g}"),
        "rope_theta": llama("rope.freq_base"),
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": "lm_head.weight" not in source.tensors,
        "bos_token_id": metadata["tokenizer.ggml.bos_token_id"],
        "eos_token_id": metadata["tokenizer.ggml.eos_token_id"],
        "pad_token_id": metadata["tokenizer.ggml.padding_token_id"],
    }
