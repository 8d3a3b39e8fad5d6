"""Owns one stack: brings it up, watches it, and takes all of it down again.

Life of a supervisor:

1. It takes the stack's lock, which it holds until it ends. Whoever finds the lock free knows
   that no supervisor is there.
2. It starts PostgreSQL and the emulator side by side. Meanwhile the caller may still build the
   functions: a line on standard input says that they are there, and is a mark for them. Then it
   packs them, deploys the template, and writes ``stack.json`` when all of that works.
3. Until then it needs its caller: when the caller's end of standard input closes, it gives up.
   So a Ctrl-C during ``up`` leaves nothing behind. Afterwards it stays by itself.
4. A SIGTERM or SIGINT, or the end of one of its two servers, ends it. It kills every descendant
   and removes the stack's folder. Should the supervisor itself be killed, its children notice:
   PostgreSQL by the parent-death signal, the emulator by its standard input.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import platform
import shutil
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from . import process, template
from .deploy import Deployment, client, deploy, keep_login, pack, upload
from .edge import Backend, Edge, page
from .edge.media import Media
from .edge.signed_access import Gate
from .emulator import ACCOUNT, DEFAULT_SUBNETS, DEFAULT_VPC, REGION, Emulator
from .errors import Interrupted, StackError
from .files import write_json
from .gate_socket import GateSocket
from .people import invite, take_passwords
from .player import Player
from .ports import LOOPBACK
from .postgres import Database

log = logging.getLogger("supervisor")

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# The architecture by its AWS name; the emulator runs what this machine runs.
_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}
# The container images of Batch jobs; each is the executable of the same name.
_IMAGES = ("heavy-encode",)
# By these names the edge knows the signing keys, as CloudFront knows them by ids of its own.
_SIGNING_KEYS = {"SigningPublicKey": "local", "PreviousSigningPublicKey": "local-previous"}


@dataclass
class Settings:
    """What the caller decides."""

    name: str
    folder: Path
    """The stack's own folder; removed with it."""
    logs: Path
    """Kept after the stack, overwritten by the next one of that name."""
    cache: Path
    template: Path
    binaries: Path
    ffmpeg: Path
    ffprobe: Path
    web: Path | None = None
    """The page's files; without them the edge says so."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Values for further parameters of the template."""


class Supervisor:
    """Brings one stack up and takes it down."""

    def __init__(self, settings: Settings, progress: TextIO) -> None:
        self._settings = settings
        self._progress = progress
        self._ready = False
        self._stopping = False
        self._fingerprint = ""
        self._database = Database(settings.folder / "postgres", settings.logs / "postgres.log")
        self._emulator = Emulator(
            settings.folder / "tmp",
            log=settings.logs / "emulator.log",
            function_log=settings.logs / "functions.log",
            # It need not be built yet: a job looks when it starts.
            images={name: settings.binaries / name for name in _IMAGES},
        )

    def run(self) -> int:
        """Returns the process's exit status, when the stack has gone."""
        settings = self._settings
        settings.folder.parent.mkdir(parents=True, exist_ok=True)
        lock = (settings.folder.parent / f"{settings.name}.lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._say(error=f"the stack {settings.name} is already running or starting")
            return 1
        process.become_subreaper()
        for number in _STOP_SIGNALS:
            signal.signal(number, self._interrupt)
        try:
            self._begin()
            self._bring_up()
            self._detach()
            self._watch()
        except Interrupted:
            log.info("asked to stop")
            return 0 if self._ready else 130
        except StackError as error:
            log.error("%s", error)
            self._say(error=str(error))
            return 1
        except Exception as error:
            log.exception("unexpected")
            self._say(error=f"{type(error).__name__}: {error}; see {settings.logs}/supervisor.log")
            return 1
        finally:
            self._take_down()
        return 1

    def _begin(self) -> None:
        settings = self._settings
        for path in settings.logs.glob("*.log"):
            path.unlink()
        logging.basicConfig(
            filename=settings.logs / "supervisor.log",
            format="%(asctime)s %(levelname)s %(message)s",
            level=logging.INFO,
        )
        # A predecessor that was killed could not remove it.
        shutil.rmtree(settings.folder, ignore_errors=True)
        settings.folder.mkdir(parents=True)
        write_json(
            settings.folder / "supervisor.json",
            {"pid": os.getpid(), "start_time": process.start_time(os.getpid())},
        )

    def _bring_up(self) -> None:
        settings = self._settings
        deployment = Deployment(
            stack=f"millrace-{settings.name}",
            template=settings.template,
            binaries=settings.binaries,
            cache=settings.cache,
        )
        began = time.monotonic()
        self._say(step="starting PostgreSQL and the emulator")
        gate = self._emulator.gate = GateSocket(settings.folder / "gate")
        self._emulator.begin()
        self._database.begin()
        self._wait_for_functions()
        pack(deployment)
        self._emulator.finish()
        # PostgreSQL still creates its data folder.
        upload(deployment, self._emulator)
        log.info("packages uploaded after %.1f s", time.monotonic() - began)
        owner = self._finish_database(deployment.stack, gate)
        self._say(step="deploying the template")
        edge = Edge()
        parameters = self._parameters() | self._database_parameters(gate, owner)
        parameters |= _edge_parameters(edge)
        outputs = deploy(deployment, parameters | settings.parameters, self._emulator)
        log.info("deployed after %.1f s", time.monotonic() - began)
        description = self._description(outputs, gate, owner) | self._let_in(edge, outputs)
        write_json(settings.folder / "stack.json", description, mode=0o600)

    def _let_in(self, edge: Edge, outputs: dict[str, str]) -> dict[str, str]:
        """Opens the ways that people come, and invites one; returns how to reach all of them."""
        media = Media(client("s3", self._emulator), outputs["MediaBucket"])
        endpoint = self._emulator.endpoint
        edge.lead_to(
            Backend(
                endpoint=endpoint,
                api=outputs["ApiUrl"].removeprefix("https://"),
                user_pool=outputs["UserPoolId"],
                media=media,
                gate=Gate(
                    {
                        name: outputs[output]
                        for output, name in _SIGNING_KEYS.items()
                        if output in outputs
                    }
                ),
                page=page.Page(self._settings.web),
                page_headers=page.headers(template.load(self._settings.template), endpoint),
            )
        )
        cognito = client("cognito-idp", self._emulator)
        take_passwords(cognito, outputs["UserPoolId"], outputs["OidcClientId"])
        person = invite(cognito, outputs["UserPoolId"])
        return {
            "page": f"{edge.url}/",
            "user": person.email,
            "password": person.password,
            "owner": person.id,
            "player": Player(media).url,
        }

    def _finish_database(self, stack: str, gate: GateSocket) -> str:
        """Waits for PostgreSQL; returns the ARN of the secret with its owner's password."""
        database = self._database
        login = (database.owner, database.owner_password)
        with ThreadPoolExecutor(1) as background:
            kept = background.submit(keep_login, f"{stack}-owner", *login, self._emulator)
            database.finish()
            owner = kept.result()
        gate.lead_to(database.port, {database.user: database.user_password})
        return owner

    def _parameters(self) -> dict[str, str]:
        settings = self._settings
        return {
            "Architecture": _ARCHITECTURES.get(platform.machine(), "x86_64"),
            "FfmpegPath": str(settings.ffmpeg),
            "FfprobePath": str(settings.ffprobe),
            # For HeavyEncoder=cpu; the emulator runs the executable of that name.
            "HeavyImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{_IMAGES[0]}:local",
            "HeavyFfmpegPath": str(settings.ffmpeg),
            "HeavyFfprobePath": str(settings.ffprobe),
            "VpcId": DEFAULT_VPC,
            "SubnetIds": ",".join(DEFAULT_SUBNETS),
            # The emulator speaks plain HTTP on loopback, and so do those who listen to it.
            "RequireTls": "false",
            "PrivateWebhooks": "true",
        }

    def _database_parameters(self, gate: GateSocket, owner: str) -> dict[str, str]:
        return {
            "DatabaseHost": LOOPBACK,
            "DatabasePort": str(gate.port),
            "DatabaseName": self._database.name,
            "DatabaseUser": self._database.user,
            "DatabaseOwnerSecretArn": owner,
            "DatabaseCaPath": str(gate.ca),
        }

    def _description(
        self, outputs: dict[str, str], gate: GateSocket, owner: str
    ) -> dict[str, Any]:
        settings, emulator, database = self._settings, self._emulator, self._database
        return {
            "name": settings.name,
            "pid": os.getpid(),
            "start_time": process.start_time(os.getpid()),
            "fingerprint": self._fingerprint,
            "endpoint": emulator.endpoint,
            "region": REGION,
            "account": ACCOUNT,
            "access_key_id": emulator.access_key_id,
            "secret_access_key": emulator.secret_access_key,
            "database_url": database.url,
            "database": {
                "host": LOOPBACK,
                "port": gate.port,
                "name": database.name,
                "user": database.user,
                "ca": str(gate.ca),
                "owner_secret": owner,
            },
            "outputs": outputs,
            "ffmpeg": str(settings.ffmpeg),
            "ffprobe": str(settings.ffprobe),
            "temporary": str(emulator.temporary),
            "log": str(emulator.function_log),
            "logs": str(settings.logs),
        }

    def _interrupt(self, number: int, frame: object) -> None:
        del number, frame
        # Once is enough: a second signal must not interrupt the way down.
        _ignore_stop_signals()
        self._stopping = True
        raise Interrupted

    def _obey(self) -> None:
        # An exception that is raised inside a finalizer goes no further; the wish is kept here.
        if self._stopping:
            raise Interrupted

    def _detach(self) -> None:
        self._obey()
        self._ready = True
        self._say(ready={})
        # The caller's pipe may close any time from now on.
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, self._progress.fileno())
        os.close(nothing)

    def _watch(self) -> None:
        while True:
            self._obey()
            for name, child in (
                ("PostgreSQL", self._database.child),
                ("the emulator", self._emulator.child),
            ):
                if child is not None and child.poll() is not None:
                    raise StackError(f"{name} ended by itself, with status {child.returncode}")
            self._collect_orphans()
            time.sleep(0.5)

    def _collect_orphans(self) -> None:
        """Reaps what was re-parented to us, so that no zombie stays."""
        ours = {child.pid for child in (self._database.child, self._emulator.child) if child}
        for pid in process.zombies(os.getpid()) - ours:
            os.waitpid(pid, os.WNOHANG)

    def _take_down(self) -> None:
        # Nothing may interrupt this part, or it would leave things behind.
        _ignore_stop_signals()
        self._emulator.stop()
        self._database.stop()
        left = process.kill_descendants(os.getpid())
        if left:
            log.error("could not kill %s", sorted(left))
        shutil.rmtree(self._settings.folder, ignore_errors=True)
        log.info("down")

    def _wait_for_functions(self) -> None:
        """Returns when the caller says that the functions are built."""
        line = sys.stdin.readline()
        if not line.endswith("\n"):
            raise Interrupted
        self._fingerprint = line.strip()
        threading.Thread(target=self._give_up_without_caller, daemon=True).start()

    def _give_up_without_caller(self) -> None:
        while os.read(0, 1):
            pass
        if not self._ready:
            log.info("the caller has gone")
            os.kill(os.getpid(), signal.SIGTERM)

    def _say(self, **message: Any) -> None:
        # The caller may have gone; what follows from that is somebody else's business.
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(message), file=self._progress, flush=True)


def _edge_parameters(edge: Edge) -> dict[str, str]:
    return {
        "Origin": edge.url,
        "SigningKeyId": _SIGNING_KEYS["SigningPublicKey"],
        # The issuer's own address is on AWS.
        "OidcDiscovery": f"{edge.url}/.well-known/openid-configuration",
    }


def _ignore_stop_signals() -> None:
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
