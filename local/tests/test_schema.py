"""The template's schema."""

from __future__ import annotations

import json
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

from millrace_local import postgres

from .stacks import ROOT, Running, with_binaries
from .support import Cloud, wait_until


class Schema(unittest.TestCase):
    """The schema comes with the template, by the real function."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = with_binaries(Path(temporary.name))
        migrate = self.folder / "bin/migrate"
        migrate.unlink()
        migrate.symlink_to(ROOT / "target/debug/migrate")

    def start(self, *parameters: str) -> Running:
        running = Running(self.folder, "schema", *parameters)
        self.addCleanup(running.close)
        return running

    def ask(self, stack: dict[str, Any], query: str) -> list[str]:
        """The rows of a query, which the owner asks the server itself."""
        psql = [str(postgres.binaries() / "psql"), "--no-psqlrc", "--tuples-only", "--no-align"]
        client = subprocess.run(
            [*psql, "--command", query, stack["database_url"]],
            check=True,
            capture_output=True,
            text=True,
        )
        return client.stdout.split()

    def test_it_is_there_after_a_deployment_and_after_the_next_one(self) -> None:
        stack = self.start().wait_until_ready()
        cloud = Cloud(stack["endpoint"], stack["access_key_id"], stack["secret_access_key"])
        migrations = sorted((ROOT / "crates/database/migrations").glob("*.sql"))
        versions = [str(int(path.name.partition("_")[0])) for path in migrations]
        applied = "select version from _sqlx_migrations where success order by version"
        self.assertEqual(self.ask(stack, applied), versions)
        self.ask(stack, "insert into owners values ('ann')")

        template = cloud.client("cloudformation")
        name = "millrace-schema"
        known = template.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
        parameters = [
            {"ParameterKey": "DatabaseUser", "ParameterValue": "another"}
            if each["ParameterKey"] == "DatabaseUser"
            else {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
            for each in known
        ]
        template.update_stack(
            StackName=name,
            UsePreviousTemplate=True,
            Parameters=parameters,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )

        def status() -> str:
            return str(template.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

        wait_until(lambda: not status().endswith("_IN_PROGRESS"), seconds=30)
        self.assertEqual(status(), "UPDATE_COMPLETE")
        self.assertEqual(self.ask(stack, applied), versions)
        self.assertEqual(self.ask(stack, "select owner from owners"), ["ann"])
        members = """
            select rolname from pg_auth_members join pg_roles on pg_roles.oid = member
            where roleid = 'rds_iam'::regrole order by rolname
        """
        self.assertEqual(self.ask(stack, members), ["another", "millrace"])

    def test_a_stack_without_it_does_not_come_up(self) -> None:
        for parameter, reason in (
            ("DatabaseName=absent", "DatabaseRefused: .*migrate.*\"absent\" does not exist"),
            ("DatabaseCaPath=/opt/absent.pem", "ConfigInvalid: .* /opt/absent.pem, which is no file"),
            ("DatabaseCaPath=", "DatabaseRefused: .* no encryption"),
        ):
            with self.subTest(parameter):
                running = self.start(parameter)
                running.say_built()
                assert running.process.stdout is not None
                said = json.loads(running.process.stdout.readlines()[-1])["error"]
                self.assertRegex(said, f"Schema: {reason}")
                running.close()


if __name__ == "__main__":
    unittest.main()
