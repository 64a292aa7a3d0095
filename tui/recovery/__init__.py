"""Recovers many: an incident, a plan of many VMs, its queue and its report.

Everything here stands on `restores`: a line of a plan is a `RestorePlan`
that `RestoreService.prepare` made, and it is sent by `RestoreService.submit`,
with the same guards and the same single POST. This room may import
`restores`, `restore_points`, `api`, `store` and the bottom row.

What to open for what:

- `service`: what one logon recovers. It holds the incident in force, the
  marked VMs and the queue, and it is what screens and scripts use.
- `plan`: the plan of many, a line for each VM, in groups; pure.
- `planner`: makes a plan ready. It gives each line its point, the platform's
  form and the exact request, or the reason why there is none.
- `plan_file`: a recovery plan as a TOML file.
- `readiness`: whether each VM of a plan could be restored now; it sends
  nothing that writes.
- `report`: what was restored, in Markdown, CSV and JSON.
- `queue`: a queue as a snapshot that only pure functions change. What is sent
  next, and what is held, follows from the snapshot alone.
- `queue_runner`: sends a queue, so many lines at a time, and journals it.
- `queue_summary`: a queue in words, with an estimate and what it rests on.

How many VMs are restored: marks become a plan (`Planner.plan_of`), the plan
is edited and checked at the server with one list (`Planner.check`), confirmed
once, written into the journal with all its lines, and sent line by line. A
restore names its line in the same write that puts it on disk, so nothing is
sent twice, whenever the program ends. A queue that was cut off is offered at
the next start with its limits, its pause and what was released, which the
journal has, too; it never continues by itself.

An incident itself, and what a point loses by it, is in
`tui.restores.incident`: a single restore is for it, too.

What holds here and must go on holding:

- A line is sent at most once: its number stands in the row of its restore,
  and a unique index of the journal lets no second row have it.
- A group starts when every line of the one before has ended, and no critical
  line before it failed, was cancelled, is unknown or was never sent.
- What concerns the whole server pauses the queue and keeps its lines waiting;
  what concerns one VM ends that line alone.
- A point that is not of before the incident is planned only with a yes of its
  own, which the journal keeps.

Names are found by `tui.restore_points.names`, screens are `batch`, `names`
and `tasks`.
"""
