"""Parts of screens: they get plain data, draw it, and post messages.

A widget knows no service, no screen and no server. It may import `terminal`,
the bottom row and the form data of `tui.restores.forms`. What comes from
outside goes through `tui.sanitize` before it is drawn.

What to open for what:

- `virtual_table`: a table of any length that draws only the rows on the
  screen, with cursor and keys; `table_layout` holds its columns, cells and
  rows, and shares out the width.
- `text_view`: lines to scroll, drawn line by line, so that a changed number
  costs a few bytes on a slow line.
- `form`: the fields of a restore form, shown by their description, with a
  row for each kind of field: switch, text, choice.
- `inputs`: one line of text to type into, and which of them hold a secret.
- `header` and `footer`: the first line (program, screen, who and where) and
  the line of keys.

Long lists and long texts use Textual's line API. Widgets neither animate nor
blink, and nothing is said by colour alone: every byte may cross a slow line,
and every terminal must show the same facts.
"""
