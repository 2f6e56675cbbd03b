"""From members' answers to a change: learned from them, crafted, tried, reported and signed."""
