"""What Textual leaves to us at the terminal: keys one at a time, one paint a change, hang-up."""
