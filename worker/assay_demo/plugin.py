"""vLLM plugin (entry point group vllm.general_plugins)."""


def register() -> None:
    pass
