"""The one async service layer that talks to Enterprise Manager (WIRE 1 to 11a).

`tui.api.client.EnterpriseManager` is its face; models and errors stand in `tui.api.models` and
`tui.api.errors`. Nothing heavy is imported here: start-up stays light.
"""
