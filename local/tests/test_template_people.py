"""What the template says of the origin and of people: no run on the emulator could show it."""

from __future__ import annotations

import unittest
from typing import Any, ClassVar

from millrace_local import template

from .stacks import ROOT

# Policies that AWS manages.
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


class People(unittest.TestCase):
    resources: ClassVar[dict[str, Any]]
    distribution: ClassVar[dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.resources = template.load(ROOT / "infra/sam/template.yaml")["Resources"]
        cls.distribution = cls.properties("Distribution")["DistributionConfig"]

    @classmethod
    def properties(cls, name: str) -> dict[str, Any]:
        return dict(cls.resources[name]["Properties"])

    def behavior(self, path: str) -> dict[str, Any]:
        (found,) = (each for each in self.distribution["CacheBehaviors"] if each["PathPattern"] == path)
        return dict(found)

    def test_only_what_is_for_everybody_wants_no_token(self) -> None:
        routes = [
            each["Properties"]
            for each in self.resources.values()
            if each["Type"] == "AWS::ApiGatewayV2::Route"
        ]
        open_to_all = {
            each["RouteKey"].removeprefix("ANY ")
            for each in routes
            if each["AuthorizationType"] != "JWT"
        }
        self.assertEqual(
            open_to_all, {"/api/config", "/api/openapi.json", "/api/public/{proxy+}"}
        )
        self.assertGreater(len(routes), len(open_to_all))

    def test_media_is_served_by_signature_alone(self) -> None:
        media = self.behavior("/assets/*")
        self.assertEqual(media["TrustedKeyGroups"], [{"Ref": "SigningKeys"}])
        keys = self.properties("SigningKeys")["KeyGroupConfig"]["Items"]
        trusted = [{"Ref": "SigningPublicKey"}, {"Ref": "EvenSigningPublicKey"}]
        self.assertEqual([key["Fn::If"][1] for key in keys], trusted)

    def test_nothing_comes_by_plain_http(self) -> None:
        behaviors = [self.distribution["DefaultCacheBehavior"], *self.distribution["CacheBehaviors"]]
        for each in behaviors:
            self.assertIn(each["ViewerProtocolPolicy"], ("https-only", "redirect-to-https"))

    def test_no_answer_of_the_api_is_kept(self) -> None:
        api = self.behavior("/api/*")
        self.assertEqual(api["CachePolicyId"], _CACHING_DISABLED)
        self.assertEqual(api["OriginRequestPolicyId"], _ALL_VIEWER_EXCEPT_HOST)
        errors = self.distribution["CustomErrorResponses"]
        self.assertEqual({each["ErrorCachingMinTTL"] for each in errors}, {0})
        # All that this can be said of; any other is kept only if its answer says so.
        kept = {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}
        self.assertEqual({each["ErrorCode"] for each in errors}, kept)

    def test_the_page_runs_no_code_of_others(self) -> None:
        security = self.properties("PageHeaders")["ResponseHeadersPolicyConfig"]
        policy = security["SecurityHeadersConfig"]["ContentSecurityPolicy"]
        text = policy["ContentSecurityPolicy"]["Fn::Sub"][0]
        rules = dict(each.strip().split(" ", 1) for each in text.split(";"))
        self.assertEqual(rules["default-src"], "'self'")
        self.assertEqual(rules["frame-ancestors"], "'none'")
        self.assertNotIn("unsafe", text)
        self.assertNotIn("script-src", rules)
        self.assertEqual(rules["connect-src"], "'self' ${Uploads} ${Identity}")

    def test_parts_are_taken_from_the_page_alone(self) -> None:
        (rule,) = self.properties("UploadsBucket")["CorsConfiguration"]["CorsRules"]
        self.assertEqual(rule["AllowedMethods"], ["PUT"])
        self.assertEqual(rule["ExposedHeaders"], ["ETag"])
        (origin,) = rule["AllowedOrigins"]
        self.assertEqual(origin["Fn::If"][2], {"Ref": "Origin"})

    def test_the_client_keeps_no_secret_and_nobody_signs_up(self) -> None:
        client = self.properties("UserPoolClient")
        self.assertIs(client["GenerateSecret"], False)
        self.assertEqual(client["AllowedOAuthFlows"], ["code"])
        pool = self.properties("UserPool")
        self.assertIs(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"], True)
        self.assertEqual(pool["DeletionProtection"], "ACTIVE")
        self.assertEqual(self.resources["UserPool"]["DeletionPolicy"], "Retain")


if __name__ == "__main__":
    unittest.main()
