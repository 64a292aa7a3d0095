"""Talks to Enterprise Manager: the one async service layer.

This room may import the bottom row only. `client.EnterpriseManager` is what all others use: one
server, one account, one method per operation. The files behind it:

- `logon` lets the password leave for an Enterprise Manager only, and says what answered instead.
- `rest_client` asks with the session's token, in the right format, and again in XML where an old
  server does not know JSON.
- `transport` is the only file that imports httpx: bytes to the server and back, bounded in size and
  time. Reads are tried again, writes never, and each error says whether a byte of the request left.
- `tls` decides whom to trust: the system's authorities, a CA file or one pinned certificate.
- `proxy` reads `--proxy` and says why a proxy opened no tunnel.
- `error_mapping` makes our errors of exceptions, statuses and error bodies; `errors` is their tree.
- `query` is the grammar of the query service, and follows its pages.
- `page_worker` is one process that decodes long pages, so that keys are answered meanwhile.
- `limits` says how much and how long at most, and how far a call got; it lets nothing a proxy says behind
  its answer into the tunnel.
- `codec` turns bytes into `models` and back, in XML and in JSON.

What the server really does, quirk by quirk, is in `WIRE.md` beside this file; `WIRE 6.2` or
`WIRE T22` in a comment points there.

A new operation is a method of `client.EnterpriseManager` and a reader in `codec.resources`; what it
returns is a dataclass in `models`. Nothing heavy is imported here: start-up stays light.
"""
