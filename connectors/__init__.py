"""Where the facts come from: one module or folder per kind of source, and the contract they share."""
