"""Calls services of the local stack, many at once, with the rights of an administrator.

Standard input is JSON: `endpoint`, `region`, `access_key_id`, `secret_access_key`, and `calls`, a list of
[service, operation, arguments]. Standard output is the list of answers in the same order. An error
of a service is an answer too: {"error": code}.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

AT_ONCE = 16


def main() -> None:
    order = json.load(sys.stdin)
    calls = order["calls"]
    session = Session()
    clients = {
        service: session.create_client(
            service,
            region_name=order["region"],
            endpoint_url=order["endpoint"],
            aws_access_key_id=order["access_key_id"],
            aws_secret_access_key=order["secret_access_key"],
            config=Config(max_pool_connections=AT_ONCE, s3={"addressing_style": "path"}),
        )
        for service in {call[0] for call in calls}
    }

    def answer(call: list) -> object:
        service, operation, arguments = call
        try:
            found = getattr(clients[service], operation)(**arguments)
        except ClientError as error:
            return {"error": error.response["Error"]["Code"]}
        if operation == "invoke":
            return json.load(found["Payload"])
        found.pop("ResponseMetadata", None)
        return found

    with ThreadPoolExecutor(AT_ONCE) as pool:
        print(json.dumps(list(pool.map(answer, calls)), default=str))


if __name__ == "__main__":
    main()
