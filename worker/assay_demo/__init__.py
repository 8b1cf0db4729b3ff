"""Demo models (SmolLM2-135M-Instruct in BF16, FP8, NVFP4) and the plugin that runs them on a CPU."""
