"""The patches that the API needs, against the emulator as it is installed.

As in ``test_patches.py``: a ``stock`` test pins down what the emulator does wrong.
"""

from __future__ import annotations

import http.client
import json
import unittest
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from millrace_local.emulator import ACCOUNT, REGION

from .support import PATCHED, STOCK, Cloud, emulator, error_code, wait_until


def deployed(cloud: Cloud, template: dict[str, Any]) -> dict[str, str]:
    """The outputs of a stack with this template.

    Raises:
        AssertionError: it could not be made.
    """
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))

    def stack() -> dict[str, Any]:
        return dict(cloudformation.describe_stacks(StackName="s")["Stacks"][0])

    wait_until(lambda: not stack()["StackStatus"].endswith("_IN_PROGRESS"))
    if stack()["StackStatus"] != "CREATE_COMPLETE":
        raise AssertionError(stack())
    return {each["OutputKey"]: each["OutputValue"] for each in stack()["Outputs"]}


class ManagedLogin(unittest.TestCase):
    """A template may have the style of managed login."""

    TEMPLATE: dict[str, Any] = {
        "Resources": {
            "Pool": {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": "people"}},
            "Style": {
                "Type": "AWS::Cognito::ManagedLoginBranding",
                "Properties": {"UserPoolId": {"Ref": "Pool"}, "UseCognitoProvidedValues": True},
            },
        },
        "Outputs": {
            "Pool": {"Value": {"Ref": "Pool"}},
            "Style": {"Value": {"Ref": "Style"}},
            "Id": {"Value": {"Fn::GetAtt": ["Style", "ManagedLoginBrandingId"]}},
        },
    }

    def test_stock_it_is_an_unknown_kind_of_resource(self) -> None:
        with emulator(STOCK) as cloud:
            with self.assertRaisesRegex(ClientError, "Unrecognized resource types"):
                deployed(cloud, self.TEMPLATE)

    def test_patched_it_is_noted(self) -> None:
        with emulator(PATCHED) as cloud:
            outputs = deployed(cloud, self.TEMPLATE)
        self.assertEqual(outputs["Style"], f"{outputs['Pool']}|{outputs['Id']}")


class SecretVersions(unittest.TestCase):
    """A secret without a text has none, and a version of a name is written once."""

    TEMPLATE: dict[str, Any] = {
        "Resources": {"Key": {"Type": "AWS::SecretsManager::Secret", "Properties": {}}},
        "Outputs": {"Key": {"Value": {"Fn::GetAtt": ["Key", "Id"]}}},
    }

    def seen(self, cloud: Cloud) -> tuple[str, list[str], str]:
        """The error of reading the new secret, those of three writers, and what is in it then."""
        secrets = cloud.client("secretsmanager")
        secret = deployed(cloud, self.TEMPLATE)["Key"]
        read = error_code(secrets.get_secret_value, SecretId=secret)
        written = [
            error_code(
                secrets.put_secret_value,
                SecretId=secret,
                SecretString=text,
                ClientRequestToken="first".ljust(32, "-"),
            )
            for text in ("mine", "mine", "theirs")
        ]
        return read, written, secrets.get_secret_value(SecretId=secret)["SecretString"]

    def test_stock_it_has_an_empty_text_and_the_last_one_wins(self) -> None:
        with emulator(STOCK) as cloud:
            self.assertEqual(self.seen(cloud), ("none", ["none"] * 3, "theirs"))

    def test_patched_it_has_none_and_the_first_one_wins(self) -> None:
        written = ["none", "none", "ResourceExistsException"]
        with emulator(PATCHED) as cloud:
            self.assertEqual(self.seen(cloud), ("ResourceNotFoundException", written, "mine"))


class ApiPermission(unittest.TestCase):
    """An HTTP API calls a function only if the function's policy lets it, for the route."""

    SOURCE = "def handle(event): return {'statusCode': 200, 'body': event['rawPath']}"

    def answer(self, cloud: Cloud, source: str | None, path: str = "/films/a") -> tuple[int, str]:
        """What the API says where the function lets in ``source``, a route of it."""
        api = cloud.client("apigatewayv2")
        created = api.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
        function = cloud.create_function("f", self.SOURCE)
        integration = api.create_integration(
            ApiId=created,
            IntegrationType="AWS_PROXY",
            IntegrationUri=function,
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        target = f"integrations/{integration}"
        api.create_route(ApiId=created, RouteKey="ANY /films/{proxy+}", Target=target)
        api.create_stage(ApiId=created, StageName="$default", AutoDeploy=True)
        if source is not None:
            cloud.client("lambda").add_permission(
                FunctionName="f",
                StatementId="s",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{created}/{source}",
            )
        return self.ask(api.meta.endpoint_url, created, path)

    def ask(self, endpoint: str, api: str, path: str) -> tuple[int, str]:
        place = urlsplit(endpoint)
        connection = http.client.HTTPConnection(place.netloc)
        self.addCleanup(connection.close)
        host = f"{api}.execute-api.{place.netloc}"
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def test_stock_a_function_that_lets_nobody_in_is_called(self) -> None:
        with emulator(STOCK) as cloud:
            self.assertEqual(self.answer(cloud, None), (200, "/films/a"))

    def test_patched_it_is_not(self) -> None:
        refused = (500, '{"message": "Internal Server Error"}')
        for source in (None, "*/*/other*", "*/POST/films/*"):
            with self.subTest(source), emulator(PATCHED) as cloud:
                self.assertEqual(self.answer(cloud, source), refused)

    def test_patched_one_that_lets_the_route_in_is_called(self) -> None:
        for source in ("*/*/films*", "$default/GET/films/{proxy+}"):
            with self.subTest(source), emulator(PATCHED) as cloud:
                self.assertEqual(self.answer(cloud, source), (200, "/films/a"))


if __name__ == "__main__":
    unittest.main()
