"""Whether a webhook is signed as Standard Webhooks says, by that project's own library.

Standard input is JSON: `secret`, `headers` by their names in small letters, and `body`. The library
has to pass it, and to fail a body that was changed on the way.
"""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def main() -> None:
    told = json.load(sys.stdin)
    library = Webhook(told["secret"])
    library.verify(told["body"], told["headers"])
    try:
        library.verify(told["body"] + " ", told["headers"])
    except WebhookVerificationError:
        return
    sys.exit("a changed body passes, too")


if __name__ == "__main__":
    main()
