"""Activation rounding, bit for bit against torch's element-wise operations."""

import numpy as np
import pytest
import torch

from assay_demo import nvfp4, rounding


def activations(rows=33, columns=96):
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(rows, columns, generator=generator)
    x *= torch.exp(3 * torch.randn(rows, columns, generator=generator))
    x[7] = 0
    return x.bfloat16()


def bits(tensor):
    return tensor.view(torch.uint16).numpy()


def fp8(x):
    codes, scales = torch.empty_like(x), torch.empty(x.shape[0])
    rounding.fp8_per_token(bits(x), bits(codes), scales.numpy())
    return codes, scales


def blocks(x, global_scale):
    rounded = torch.empty_like(x)
    rounding.nvfp4_blocks(bits(x), bits(rounded), global_scale)
    return rounded


def test_fp8_is_what_a_cast_to_float8_gives():
    x = activations()
    codes, scales = fp8(x)
    wanted_scales = (x.abs().amax(-1).float() / 448).clamp(min=1 / (448 * 512))
    wanted = (x.float() * wanted_scales.reciprocal()[:, None]).clamp(-448, 448)
    assert torch.equal(scales, wanted_scales)
    assert torch.equal(codes.float(), wanted.to(torch.float8_e4m3fn).float())
    assert not codes[7].any()


@pytest.mark.parametrize("global_scale", [37.0, 0.01, 5000.0])  # 5000: scales saturate at 448
def test_nvfp4_is_code_times_block_scale(global_scale):
    x = activations()
    grouped = x.float().view(33, 6, 16)
    scale = (global_scale * (grouped.abs().amax(-1) * np.float32(1 / 6))).clamp(max=448)
    scale = scale.to(torch.float8_e4m3fn).float()
    inverse = torch.where(scale > 0, 1 / (scale * (1 / torch.tensor(global_scale))), 0)
    ratio = (grouped * inverse.unsqueeze(-1)).clamp(-6, 6)
    codes = nvfp4.decode_e2m1(nvfp4.encode_e2m1(ratio))
    assert torch.equal(blocks(x, global_scale).float(), (codes * scale.unsqueeze(-1)).view(33, 96))


def test_a_broken_value_spoils_its_row_or_block_and_no_other():
    x = activations()
    x[3, 20], x[5, 90] = float("inf"), float("nan")
    codes, _ = fp8(x)
    assert codes.isnan().any(-1).nonzero().flatten().tolist() == [3, 5]
    assert codes[3].isnan().all()
    rounded = blocks(x, 37.0)
    assert rounded.isnan().sum() == 32
    assert rounded[3, 16:32].isnan().all()
    assert rounded[5, 80:96].isnan().all()


def test_scaling_rounds_once_to_bf16():
    out = activations()
    rows, columns = torch.rand(33), torch.rand(96)
    wanted = (out.float() * rows[:, None] * columns).bfloat16()
    rounding.scale_rows_and_columns(bits(out), rows.numpy(), columns.numpy())
    assert torch.equal(out, wanted)
