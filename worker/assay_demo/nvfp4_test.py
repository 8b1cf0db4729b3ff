"""NVFP4 weights: literal codes and packing, the format's rounding bound, shared scales."""

import pytest
import torch

from assay_demo import checkpoint, nvfp4


def test_e2m1_codes_are_the_nearest_with_ties_to_even():
    # Levels 0 0.5 1 1.5 2 3 4 6 are codes 0 to 7 (OCP MX, E2M1); between them, the middles.
    values = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
    assert nvfp4.encode_e2m1(values).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert nvfp4.encode_e2m1(-values[1:]).tolist() == [9, 10, 11, 12, 13, 14, 15]
    middles = torch.tensor([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0])
    assert nvfp4.encode_e2m1(middles).tolist() == [0, 2, 2, 4, 4, 6, 6]
    assert nvfp4.encode_e2m1(torch.tensor([5.01, 100.0])).tolist() == [7, 7]


def test_the_even_column_is_in_the_low_bits():
    packed = nvfp4.pack(torch.tensor([[0x1, 0x9, 0xF, 0x0]], dtype=torch.uint8))
    assert packed.tolist() == [[0x91, 0x0F]]
    assert nvfp4.unpack(packed).tolist() == [[0x1, 0x9, 0xF, 0x0]]


def test_a_block_by_hand():
    weight = torch.tensor([[6.0, 3.0, -1.5, 0.5] + [0.0] * 12])
    out = nvfp4.quantize(weight, weight_peak=6.0, input_peak=2688.0)
    assert out[".weight_global_scale"].tolist() == [448.0]  # 448 * 6 / 6
    assert out[".input_global_scale"].tolist() == [1.0]
    assert out[".weight_scale"].float().tolist() == [[448.0]]
    assert out[".weight_packed"].tolist() == [[0x57, 0x1B, 0, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize("spread", [0.0, 3.0])
def test_error_is_within_the_bound(spread):
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(64, 512, generator=generator)
    # Blocks of very different size reach E4M3's subnormal scales.
    weight *= torch.exp(spread * torch.randn(64, 32, generator=generator)).repeat_interleave(16, 1)
    weight = weight.bfloat16()
    out = nvfp4.quantize(weight, weight.abs().max().item(), 1.0)
    scale, divisor = out[".weight_scale"], out[".weight_global_scale"]
    decoded = nvfp4.dequantize(out[".weight_packed"], scale, divisor)
    error = (decoded - weight.float()).abs().view(64, 32, 16).amax(-1)
    assert (error <= nvfp4.error_bound(scale, divisor)).all()
    if spread:
        assert (scale.float() < 2.0**-6).any()


def test_every_code_is_the_nearest_one():
    generator = torch.Generator().manual_seed(3)
    weight = torch.randn(8, 64, generator=generator)
    out = nvfp4.quantize(weight, weight.abs().max().item(), 1.0)
    step = out[".weight_scale"].float() / out[".weight_global_scale"]
    levels = torch.tensor(nvfp4.E2M1_LEVELS)
    values = weight.view(8, 4, 16).abs() / step.unsqueeze(-1)
    nearest = (values.unsqueeze(-1) - levels).abs().amin(-1)
    codes = nvfp4.unpack(out[".weight_packed"]).view(8, 4, 16)
    chosen = (values - levels[(codes & 7).long()]).abs()
    assert torch.allclose(chosen, nearest, atol=1e-5)


def test_zeros_decode_to_zeros():
    out = nvfp4.quantize(torch.zeros(1, 32), 0.0, 0.0)
    decoded = nvfp4.dequantize(
        out[".weight_packed"], out[".weight_scale"], out[".weight_global_scale"]
    )
    assert torch.equal(decoded, torch.zeros(1, 32))


def test_matrices_that_vllm_fuses_share_their_scales():
    layer = "model.layers.0."
    sizes = {
        "self_attn.q_proj": 1.0,
        "self_attn.k_proj": 4.0,
        "self_attn.v_proj": 2.0,
        "self_attn.o_proj": 3.0,
        "mlp.gate_proj": 5.0,
        "mlp.up_proj": 0.5,
        "mlp.down_proj": 7.0,
    }
    tensors = {f"{layer}{name}.weight": torch.full((2, 16), size) for name, size in sizes.items()}
    peaks = {layer + name: 10 * size for name, size in sizes.items()}
    out = checkpoint.nvfp4_tensors({**tensors, "model.norm.weight": torch.ones(16)}, peaks)

    def peak(name, kind):
        return 2688.0 / out[f"{layer}{name}.{kind}_global_scale"].item()

    for name, wanted in {
        "self_attn.q_proj": 4,
        "self_attn.k_proj": 4,
        "self_attn.v_proj": 4,
        "self_attn.o_proj": 3,
        "mlp.gate_proj": 5,
        "mlp.up_proj": 5,
        "mlp.down_proj": 7,
    }.items():
        assert peak(name, "weight") == pytest.approx(wanted)
        assert peak(name, "input") == pytest.approx(10 * wanted)
    assert torch.equal(out["model.norm.weight"], torch.ones(16))
