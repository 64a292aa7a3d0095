"""Finds restore points: reads the list, keeps it in an index, and narrows it by a filter.

The list may have a million points, and the operator types while it is read.
So pages go into the index as they come in, and each view is updated with
what is new. This room may import `api` and the bottom row; it knows neither
Textual nor the screens.

What to open for what:

- `index`: all points in columns, grouped by VM. A VM is distinguished from
  its namesakes by backup server, object reference and kind, never by its
  name.
- `loader`: reads the pages of VM points and vApp points, newest first, in
  parallel. It can be stopped and resumed, and it says how far it is
  (`Progress`).
- `filter_parser`: what was typed, as a `Filter`; it says what is wrong and
  where.
- `filter`: which VMs and points a filter lets through.
- `vm_list`: the VMs in the order of a column, kept in order while pages come
  in.
- `descriptions`: all of this in words, for titles, rows and the status line;
  when a VM's points were made, as one line of marks.

A new key of the filter is a method and a row in `filter_parser` and a test
in `filter`; a new column of the VM list is a field of the index and a row in
`tui.screens.points_tables`.

How a page travels: `Loader.run` asks for it, `index.PointIndex.add` takes it
in and returns the VMs that changed, `VmList.update` puts these in their
places and through the filter, and the screen repaints the rows it shows. A
reload marks what it has seen again; what is left at its end has been removed
at the server.

The rules that hold everywhere here:

- Names are kept as the server sent them. They are made safe where they are
  shown.
- Times are aware. A point without a time sorts last and says so.
- What the server does not say stays unknown. Nothing is guessed from a name.
"""
