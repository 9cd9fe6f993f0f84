"""python -m textrnn"""

from textrnn.cli.app import main

main()
