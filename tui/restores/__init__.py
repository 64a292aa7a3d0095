"""Decides about one restore: the way from a restore point to a result that the server has told.

The way of one restore through these files:

1. `forms` gives the form of the point's platform: sections of fields as data, without widgets. What was
   typed is checked by pure functions, and comes out as a restore spec. Each platform is one file.

2. `service.RestoreService.prepare` makes the plan of a complete form (`plan.RestorePlan`): what will
   happen, in words, and the one exact request. While the operator types this plan is shown; nothing is
   asked of the server.

3. `RestoreService.check_running` lists the restore sessions of that VM (`session_search.guard_query`)
   and gives the plan to confirm: the same request, with warnings of what runs already.

4. `RestoreService.submit` sends a confirmed plan. It lists the sessions again, and stops where one has
   begun since (`errors.AlreadyRunning`). Then the row goes to disk (`journal_mapping.row_of`), and then
   exactly one POST leaves: the bytes of `plan.request`. What is not known after that is `unknown`, and
   never sent again.

5. From here on there is a `restore.Restore`, a frozen snapshot. It changes only by pure functions:
   `transitions` (what the task and the session say), `session_search` (which session is this restore's,
   where no task can tell) and `cancellation` (what a DELETE can do, and what it did).

6. `registry.RestoreRegistry` holds the newest snapshot of every restore. A change is applied there in
   one step, written to the journal in order (`journal_mapping.journal_fields`) and reported to the
   listeners.

7. `monitor.Monitor` polls: one list of tasks and one query of sessions a tick, however many restores
   there are. It goes on until each restore has an end, or was looked for in vain.

8. `RestoreService.cancel` sends one DELETE to the task's link. The monitor then watches what it really
   did.

9. At the next start `RestoreService.reattach` takes over the rows whose owner no longer lives
   (`journal_mapping.take_up` and `resume`), and the monitor finds those restores again.

What this room needs of the server and of the journal stands in `ports`, as two protocols. The states
and their texts stand in `tui.restore_states`, for the journal and the screens use them, too.

The rules that hold everywhere here:

- A write is sent once. Reading is repeated, writing is not.
- A task that has finished says that the restore *started*; only its session says how it ended.
- What is lost proves nothing: a lost reply, a task that is gone, a session that is not listed.
- Only the server's own lists and times are compared with each other, never with this machine's clock.

"""
