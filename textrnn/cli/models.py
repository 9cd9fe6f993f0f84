"""textrnn models"""

from textrnn.cli.options import FormatOption, example

EXAMPLES = example("textrnn models", "textrnn models --format jsonl")


def models(format: FormatOption = "auto") -> None:
    """List the bundled models, which any command takes by name."""
    from textrnn.cli.output import open_sink
    from textrnn.model_folder import ModelFolder, bundled_models, find_model

    with open_sink(None, format) as sink:
        for name in bundled_models():
            folder = ModelFolder(find_model(name))
            config = folder.config
            sink.write(
                {
                    "name": name,
                    "task": config.task,
                    "network": str(config.architecture.core),
                    "level": config.text.level,
                    "precision": config.precision,
                    "bytes": sum(folder.sizes().values()),
                    "data": config.training.data,
                }
            )
