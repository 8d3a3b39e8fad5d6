"""The local stack: the project's own template, run on loopback without an AWS account.

One supervisor process owns one stack: a PostgreSQL server, an AWS emulator (MiniStack, with the
few patches it needs), and in it everything that ``infra/sam/template.yaml`` declares, with the
native function binaries. ``cargo xtask local`` starts and stops it; see ``local/README.md``.
"""
