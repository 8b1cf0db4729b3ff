"""Demo models (SmolLM2-135M-Instruct at three precisions) and the plugin to run them on a CPU."""
