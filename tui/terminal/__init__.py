"""What Textual leaves to us at the terminal, as classes that `tui.app.VbemApp`
derives from.

This is the only room that uses protected names of Textual or another
library. Each use names the reason and the issue upstream, and ends when that
is solved. It may import the bottom row only.

What to open for what:

- `terminal_app`: the app without screens of its own: signals, secrets kept
  out of crash reports, the last words after the screens are gone.
- `input`: tells keys and pastes from answers of the terminal, however their bytes are cut; its driver reads
  keys whatever else the terminal sends, and never waits for it to take what is written.
- `rendering`: the one door for everything drawn, which leaves no control
  character in; and one paint for one change. Textual paints a new screen two
  to four times; over a slow line that is felt.
- `key_queue`: keys are taken one after the other, each by the screen that
  the one before has led to. Keys that were typed before a question was on
  the screen do not answer it.
- `capabilities`: what the terminal can show, and whether screens can be drawn on it at all; without Textual.
- `clipboard`: what is copied, and how it gets through tmux and GNU screen.
- `crash_edge`: the outermost place for errors that nothing else handles: a
  report is written, the screen says where, and the program goes on where it
  can; and what to do when the terminal hangs up.

A rule for changes here: measure the bytes and the paints before and after
(`python -m tests.bench`).
"""
