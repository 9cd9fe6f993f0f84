"""The command line: parse, call, print."""

import os

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for some costs a fiftieth of a second at start
