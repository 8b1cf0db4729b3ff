"""FP8 weights: literal codes, and the format's rounding bound."""

import torch

from assay_demo import fp8


def decoded(values):
    """One row whose largest magnitude is 448, so that its scale is 1."""
    out = fp8.quantize(torch.tensor([[448.0, *values]]))
    assert out[".weight_scale"].item() == 1.0
    return out[".weight"].float()[0, 1:].tolist()


def test_values_of_the_format_are_kept():
    # E4M3: 3 mantissa bits; smallest normal 2^-6, smallest subnormal 2^-9 (OCP FP8, table 1).
    values = [1.0, 1.125, 1.875, -416.0, 2.0**-6, 2.0**-9, 0.0]
    assert decoded(values) == values


def test_ties_go_to_the_even_mantissa():
    # 1.0625 lies between 1.0 and 1.125; 1.1875 between 1.125 and 1.25; 2^-10 between 0 and 2^-9.
    assert decoded([1.0625, 1.1875, 2.0**-10]) == [1.0, 1.25, 0.0]


def test_each_row_has_its_own_scale():
    out = fp8.quantize(torch.tensor([[448.0, 1.0], [-4.48, 0.01]]))
    assert torch.allclose(out[".weight_scale"], torch.tensor([[1.0], [0.01]]))
    assert out[".weight"].float()[1].tolist() == [-448.0, 1.0]


def test_a_row_of_zeros_stays_zero():
    out = fp8.quantize(torch.zeros(2, 16))
    assert torch.equal(fp8.dequantize(out[".weight"], out[".weight_scale"]), torch.zeros(2, 16))


def test_error_is_within_the_bound():
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(64, 512, generator=generator)
    weight *= torch.exp(2 * torch.randn(64, 512, generator=generator))  # magnitudes far apart
    out = fp8.quantize(weight.bfloat16())
    error = (fp8.dequantize(out[".weight"], out[".weight_scale"]) - weight.bfloat16().float()).abs()
    assert (error <= fp8.error_bound(weight.bfloat16(), out[".weight_scale"])).all()
