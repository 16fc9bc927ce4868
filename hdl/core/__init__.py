"""Ground of all blocks: arithmetic, multiplier, memories, streams, channels."""
