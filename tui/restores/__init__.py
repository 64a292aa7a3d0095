"""Decides about one restore: from a restore point to the result that the server states.

This room may import `api`, `store` and the bottom row. The way of one
restore through its files:

1. `forms` gives the form of the point's platform, checks what was typed, and
   makes the restore spec.
2. `service.RestoreService.prepare` makes the `plan.RestorePlan`: what will
   happen, in words, and the one exact request. It is shown while the
   operator types; the server is not asked.
3. `RestoreService.check_running` lists the VM's restore sessions
   (`session_search.guard_query`) and returns the plan to confirm: the same
   request, with warnings about what is already running.
4. `RestoreService.submit` lists the sessions again and stops where one has
   started since (`errors.AlreadyRunning`). It writes the row to disk
   (`journal_mapping.row_of`) and then sends exactly one POST: the bytes of
   `plan.request`. What is not known after that is `unknown`, and never sent
   again.
5. From here on there is a `restore.Restore`, a frozen snapshot that only
   pure functions change: `transitions` (what the task and the session say),
   `session_search` (which session belongs to this restore where no task says
   so) and `cancellation` (what a DELETE can do, and what it did).
6. `registry.RestoreRegistry` holds the newest snapshot of every restore,
   writes each change to the journal in order and reports it to the
   listeners.
7. `monitor.Monitor` polls until each restore has an end or its search has
   run out: one list of tasks and one query of sessions a tick, however many
   restores there are.
8. `RestoreService.cancel` sends one DELETE to the task's link; the monitor
   watches what it really did.
9. At the next start, and every 5 seconds (`journal_watcher`), `RestoreService.reattach` takes
   over the rows whose owner has ended (`journal_mapping.take_up` and
   `resume`), and the monitor finds those restores again. What it may not
   follow by itself is `unfollowed`, with why; `take_over` follows it on the
   operator's word, from a vbem that runs by name only. That one lets the
   restore go at its next look at the journal, which takes nothing from it
   any more.

`ports` says what this room needs of the server and of the journal, as two
protocols. The states and their words are in `tui.restore_states`, because
the journal and the screens use them, too.

The rules that hold everywhere here:

- A write is sent once. Reads are repeated, writes are not.
- A task that has finished says that the restore *started*; only its session
  says how it ended.
- One session belongs to one row of the journal, for ever: it is claimed there
  before it is followed. Without its task or a link to the point it is
  *probably* the restore's, and its end is no end of the restore.
- What is lost proves nothing: a lost reply, a task that is gone, a session
  that is not listed.
- Only the server's lists and times are compared with each other, never with
  this machine's clock.
"""
