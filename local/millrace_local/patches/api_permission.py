"""An HTTP API calls a function only if the function's policy lets it.

On AWS, API Gateway may call a function that names it, with the API's routes as the source; else the
caller is told "Internal Server Error". The emulator calls every function. So a permission that is
missing, or for other routes, would first show on AWS.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
"""

from __future__ import annotations

import json
from typing import Any

import ministack.services.apigateway as apigateway
from ministack.core.arn import execute_api_arn
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.services import lambda_svc

_PRINCIPAL = "apigateway.amazonaws.com"
_REFUSED = (
    500,
    {"Content-Type": "application/json"},
    json.dumps({"message": "Internal Server Error"}).encode(),
)
_original = apigateway._invoke_lambda_proxy


async def _invoke_lambda_proxy(
    integration: Any,
    api_id: str,
    stage: str,
    path: str,
    method: str,
    headers: Any,
    body: Any,
    query_params: Any,
    route_key: str = "$default",
    *rest: Any,
    **more: Any,
) -> Any:
    # The source is the route, not the path that was asked for.
    route = route_key.rpartition(" ")[2]
    place = (more["owner_region"], more["owner_account_id"])
    if not _may_call(integration, execute_api_arn(*place, api_id, stage, method, route), *place):
        return _REFUSED
    request = (integration, api_id, stage, path, method, headers, body, query_params, route_key)
    return await _original(*request, *rest, **more)


def _may_call(integration: Any, source: str, region: str, account: str) -> bool:
    reference = apigateway._extract_lambda_ref_from_integration_uri(
        integration.get("integrationUri", "")
    )
    function, configuration, _ = lambda_svc._get_func_record_for_ref_in_scope(
        reference, account_id=account, region=region
    )
    if function is None or configuration is None:
        # The emulator has words of its own for this.
        return True
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account=account,
        action="lambda:InvokeFunction",
        resource_arn=configuration["FunctionArn"],
        region=region,
        service_context={"aws:sourcearn": source, "aws:sourceaccount": account},
    )
    policy = evaluate_resource_policy(function["policy"], context, service=_PRINCIPAL)
    return bool(policy.decision == "Allow")


def apply() -> None:
    """Puts the question in front of each call."""
    apigateway._invoke_lambda_proxy = _invoke_lambda_proxy
