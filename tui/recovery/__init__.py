"""Recovers many: an incident, a plan of many VMs, its queue and its report.

Everything here stands on `restores`: a line of a plan is a `RestorePlan`
that `RestoreService.prepare` made, and it is sent by `RestoreService.submit`,
with the same guards and the same single POST. This room may import
`restores`, `restore_points`, `api`, `store` and the bottom row.

- `service`: what one logon recovers. It holds the incident in force, the
  marked VMs and the queue.
- `plan`: the plan of many, a line for each VM, in groups; pure.
- `plan_file`: a recovery plan as a TOML file.
- `readiness`: whether each VM of a plan could be restored now; it sends
  nothing that writes.
- `queue`: the queue as a snapshot: group by group, so many at a time.
- `queue_runner`: sends it, one POST a line, and never by itself after a crash.
- `queue_summary`: its lines, counts and estimate in words.
- `report`: what was restored, in Markdown, CSV and JSON.

An incident itself, and what a point loses by it, is in `tui.restores.incident`:
a single restore is for it, too.
"""
