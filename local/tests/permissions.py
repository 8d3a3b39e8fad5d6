"""Calls that the roles of the template must refuse."""

from __future__ import annotations

from typing import Any

Call = tuple[str, str, dict[str, Any]]
"""Service, operation, arguments; in these, ``{Name}`` is an output of the template."""

ITEM = {"pk": {"S": "JOB#1"}, "sk": {"S": "JOB"}}
_EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:millrace-template-transcode:1"

NOBODY: tuple[Call, ...] = (
    ("s3", "list_buckets", {}),
    ("s3", "delete_object", {"Bucket": "{MediaBucket}", "Key": "elsewhere"}),
    ("s3", "put_object", {"Bucket": "{MediaBucket}", "Key": "elsewhere"}),
    ("s3", "put_object", {"Bucket": "{WorkBucket}", "Key": "elsewhere"}),
    ("s3", "delete_bucket", {"Bucket": "{MediaBucket}"}),
    ("s3", "put_bucket_policy", {"Bucket": "{MediaBucket}", "Policy": "{{}}"}),
    ("dynamodb", "scan", {"TableName": "{Table}"}),
    ("dynamodb", "delete_table", {"TableName": "{Table}"}),
    ("dynamodb", "get_item", {"TableName": "another", "Key": ITEM}),
    ("stepfunctions", "stop_execution", {"executionArn": _EXECUTION}),
    ("stepfunctions", "delete_state_machine", {"stateMachineArn": "{StateMachineArn}"}),
    ("lambda", "invoke", {"FunctionName": "{EncodeAudioFunction}"}),
    ("lambda", "invoke", {"FunctionName": "{PlayApiFunction}"}),
    ("apigatewayv2", "get_apis", {}),
    ("cognito-idp", "list_users", {"UserPoolId": "{UserPoolId}"}),
    ("s3", "put_object", {"Bucket": "{WebBucket}", "Key": "index.html"}),
    ("lambda", "get_function", {"FunctionName": "{TriggerFunction}"}),
    ("sqs", "send_message", {"QueueUrl": "{UploadsQueueUrl}", "MessageBody": "a"}),
    ("sqs", "receive_message", {"QueueUrl": "{FailedEventsQueueUrl}"}),
    ("sqs", "receive_message", {"QueueUrl": "{UploadsDeadLettersUrl}"}),
    ("sqs", "receive_message", {"QueueUrl": "{WebhooksDeadLettersUrl}"}),
    ("sqs", "receive_message", {"QueueUrl": "{UnannouncedQueueUrl}"}),
    ("sqs", "receive_message", {"QueueUrl": "{ChangesDeadLettersUrl}"}),
    ("sqs", "purge_queue", {"QueueUrl": "{UploadsQueueUrl}"}),
    ("batch", "submit_job", {"jobName": "a", "jobQueue": "a", "jobDefinition": "a"}),
    ("secretsmanager", "get_secret_value", {"SecretId": "a"}),
    ("rds", "describe_db_instances", {}),
    ("ec2", "describe_instances", {}),
    ("iam", "list_roles", {}),
    ("events", "disable_rule", {"Name": "a"}),
    ("logs", "delete_log_group", {"logGroupName": "a"}),
)

READ_SOURCE: Call = ("s3", "get_object", {"Bucket": "{UploadsBucket}", "Key": "a"})
LIST_UPLOADS: Call = ("s3", "list_object_versions", {"Bucket": "{UploadsBucket}"})
READ_WORK: Call = ("s3", "get_object", {"Bucket": "{WorkBucket}", "Key": "jobs/1/a"})
WRITE_WORK: Call = ("s3", "put_object", {"Bucket": "{WorkBucket}", "Key": "jobs/1/a"})
DELETE_WORK: Call = ("s3", "delete_object", {"Bucket": "{WorkBucket}", "Key": "jobs/1/a"})
READ_MEDIA: Call = ("s3", "get_object", {"Bucket": "{MediaBucket}", "Key": "assets/a"})
LIST_MEDIA: Call = ("s3", "list_objects_v2", {"Bucket": "{MediaBucket}"})
WRITE_MEDIA: Call = ("s3", "put_object", {"Bucket": "{MediaBucket}", "Key": "assets/a"})
DELETE_MEDIA: Call = ("s3", "delete_object", {"Bucket": "{MediaBucket}", "Key": "assets/a"})
PUT_RECORD: Call = ("dynamodb", "put_item", {"TableName": "{Table}", "Item": ITEM})
UPDATE_RECORD: Call = ("dynamodb", "update_item", {"TableName": "{Table}", "Key": ITEM})
FIND_JOBS: Call = (
    "dynamodb",
    "query",
    {
        "TableName": "{Table}",
        "IndexName": "open",
        "KeyConditionExpression": "#open = :shard",
        "ExpressionAttributeNames": {"#open": "open"},
        "ExpressionAttributeValues": {":shard": {"S": "0"}},
    },
)
KNOWN_JOBS: Call = (
    "dynamodb",
    "batch_get_item",
    {"RequestItems": {"{Table}": {"Keys": [ITEM]}}},
)
START: Call = ("stepfunctions", "start_execution", {"stateMachineArn": "{StateMachineArn}"})
FOLLOW: Call = ("stepfunctions", "describe_execution", {"executionArn": _EXECUTION})
TAKE_MESSAGE: Call = ("sqs", "receive_message", {"QueueUrl": "{UploadsQueueUrl}"})
KEEP_EVENT: Call = (
    "sqs",
    "send_message",
    {"QueueUrl": "{FailedEventsQueueUrl}", "MessageBody": "{{}}"},
)

READ_OTHER_SECRET: Call = ("secretsmanager", "get_secret_value", {"SecretId": "another"})
WRITE_SECRET: Call = (
    "secretsmanager",
    "put_secret_value",
    {"SecretId": "millrace-template-owner", "SecretString": "{{}}"},
)
READ_OWNERS_PASSWORD: Call = (
    "secretsmanager",
    "get_secret_value",
    {"SecretId": "millrace-template-owner"},
)

DELETE_SOURCE: Call = ("s3", "delete_object", {"Bucket": "{UploadsBucket}", "Key": "a"})
WRITE_SOURCE: Call = ("s3", "put_object", {"Bucket": "{UploadsBucket}", "Key": "a"})
ABORT_UPLOAD: Call = (
    "s3",
    "abort_multipart_upload",
    {"Bucket": "{UploadsBucket}", "Key": "a", "UploadId": "a"},
)
LIST_PARTS: Call = ("s3", "list_parts", {"Bucket": "{UploadsBucket}", "Key": "a", "UploadId": "a"})
READ_RECORD: Call = ("dynamodb", "get_item", {"TableName": "{Table}", "Key": ITEM})
DELETE_RECORD: Call = ("dynamodb", "delete_item", {"TableName": "{Table}", "Key": ITEM})
LIST_RECORDS: Call = (
    "dynamodb",
    "query",
    {
        "TableName": "{Table}",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "JOB#1"}},
    },
)
LIST_OWNED: Call = (
    "dynamodb",
    "query",
    {
        "TableName": "{Table}",
        "IndexName": "owner",
        "KeyConditionExpression": "#owner = :owner",
        "ExpressionAttributeNames": {"#owner": "owner"},
        "ExpressionAttributeValues": {":owner": {"S": "ann"}},
    },
)
_ENTRY = {"pk": {"S": "ASSET#a"}, "sk": {"S": "ENTRY"}}
READ_ENTRY: Call = ("dynamodb", "get_item", {"TableName": "{Table}", "Key": _ENTRY})
NOTE_CAPTIONS: Call = ("dynamodb", "update_item", {"TableName": "{Table}", "Key": _ENTRY})
KEEP_CAPTION: Call = (
    "s3",
    "put_object",
    {"Bucket": "{MediaBucket}", "Key": "assets/a/captions/c.vtt"},
)
LIST_WORK: Call = ("s3", "list_objects_v2", {"Bucket": "{WorkBucket}"})
UPDATE_METADATA: Call = (
    "lambda",
    "invoke",
    {"FunctionName": "{UpdateMetadataFunction}", "Payload": '{{"do": "environment"}}'},
)

HEAR: Call = (
    "events",
    "put_events",
    {
        "Entries": [
            {"EventBusName": "{EventBusName}", "Source": "a", "DetailType": "a", "Detail": "{{}}"}
        ]
    },
)
QUEUE_ORDER: Call = (
    "sqs",
    "send_message",
    {"QueueUrl": "{WebhooksQueueUrl}", "MessageBody": "{{}}"},
)
TAKE_ORDER: Call = ("sqs", "receive_message", {"QueueUrl": "{WebhooksQueueUrl}"})
HOLD_ORDER: Call = (
    "sqs",
    "change_message_visibility",
    {"QueueUrl": "{WebhooksQueueUrl}", "ReceiptHandle": "a", "VisibilityTimeout": 5},
)
_WEBHOOK = {"pk": {"S": "OWNER#ann"}, "sk": {"S": "WEBHOOK#0"}}
LIST_WEBHOOKS: Call = (
    "dynamodb",
    "query",
    {
        "TableName": "{Table}",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "OWNER#ann"}},
    },
)
NOTE_DELIVERY: Call = ("dynamodb", "update_item", {"TableName": "{Table}", "Key": _WEBHOOK})

ANNOUNCES_OWN = (HEAR, QUEUE_ORDER)
"""What announce may and nobody else."""

DELIVERIES_OWN = (TAKE_ORDER, HOLD_ORDER)
"""What deliver-webhook may and nobody else."""

TRIGGERS_OWN = (LIST_UPLOADS, FIND_JOBS, KNOWN_JOBS, START, FOLLOW, TAKE_MESSAGE, KEEP_EVENT)
"""What trigger may and no stage."""

UPLOAD_APIS_OWN = (WRITE_SOURCE, ABORT_UPLOAD, LIST_PARTS)
"""What upload-api may and nobody else."""

APIS_OWN = (LIST_RECORDS, LIST_OWNED)
"""What the API's functions may and nobody else."""

_REMOVALS = (DELETE_SOURCE, DELETE_WORK, DELETE_MEDIA)
_NO_EVENTS = (*ANNOUNCES_OWN, *DELIVERIES_OWN)
_NO_API = (*UPLOAD_APIS_OWN, *APIS_OWN, UPDATE_METADATA, *_NO_EVENTS)
_NO_STAGE = (*_NO_API, *TRIGGERS_OWN, *_REMOVALS, PUT_RECORD, DELETE_RECORD)
_TRIGGER_ONLY = tuple(call for call in TRIGGERS_OWN if call != START)

_OUTSIDE = (
    *TRIGGERS_OWN,
    *UPLOAD_APIS_OWN,
    *_REMOVALS,
    UPDATE_METADATA,
    LIST_OWNED,
    READ_SOURCE,
    READ_WORK,
    WRITE_WORK,
    READ_MEDIA,
    LIST_MEDIA,
    WRITE_MEDIA,
    PUT_RECORD,
    DELETE_RECORD,
    READ_OTHER_SECRET,
    WRITE_SECRET,
)
"""What is none of the business of those who tell of events."""

FORBIDDEN: dict[str, tuple[Call, ...]] = {
    "Trigger": (*_NO_API, *_REMOVALS, DELETE_RECORD, READ_WORK, WRITE_WORK, READ_MEDIA, WRITE_MEDIA),
    "Segment": (*_NO_STAGE, READ_MEDIA, LIST_MEDIA, WRITE_MEDIA),
    "EncodeVideo": (*_NO_STAGE, READ_MEDIA, LIST_MEDIA),
    "EncodeAudio": (*_NO_STAGE, READ_MEDIA, LIST_MEDIA),
    "Thumbnail": _NO_STAGE,
    "AssembleManifest": (*_NO_STAGE, READ_SOURCE),
    "Caption": (
        *_NO_API,
        *TRIGGERS_OWN,
        READ_SOURCE,
        DELETE_SOURCE,
        READ_WORK,
        LIST_WORK,
        WRITE_WORK,
        DELETE_WORK,
        PUT_RECORD,
        DELETE_RECORD,
        READ_OTHER_SECRET,
        WRITE_SECRET,
    ),
    "UpdateMetadata": (*_NO_API, *TRIGGERS_OWN, READ_SOURCE, WRITE_WORK, WRITE_MEDIA),
    "Migrate": (
        *_NO_STAGE,
        READ_SOURCE,
        READ_WORK,
        WRITE_WORK,
        READ_MEDIA,
        LIST_MEDIA,
        WRITE_MEDIA,
        UPDATE_RECORD,
        READ_OTHER_SECRET,
        WRITE_SECRET,
    ),
    "SigningKey": (
        *_NO_STAGE,
        READ_SOURCE,
        READ_WORK,
        WRITE_WORK,
        READ_MEDIA,
        LIST_MEDIA,
        WRITE_MEDIA,
        READ_RECORD,
        UPDATE_RECORD,
        READ_OTHER_SECRET,
        WRITE_SECRET,
    ),
    "UploadApi": (
        *_NO_EVENTS,
        *_TRIGGER_ONLY,
        READ_WORK,
        LIST_WORK,
        WRITE_WORK,
        *_REMOVALS,
        READ_MEDIA,
        LIST_MEDIA,
        WRITE_MEDIA,
        KEEP_CAPTION,
        UPDATE_METADATA,
        READ_OTHER_SECRET,
        WRITE_SECRET,
    ),
    "PlayApi": (
        *_NO_EVENTS,
        *_TRIGGER_ONLY,
        *UPLOAD_APIS_OWN,
        READ_SOURCE,
        WRITE_WORK,
        *_REMOVALS,
        READ_MEDIA,
        LIST_MEDIA,
        WRITE_MEDIA,
        UPDATE_METADATA,
        READ_OTHER_SECRET,
        WRITE_SECRET,
    ),
    "Announce": (
        *_OUTSIDE,
        *DELIVERIES_OWN,
        UPDATE_RECORD,
        NOTE_DELIVERY,
    ),
    "DeliverWebhook": (
        *_OUTSIDE,
        *ANNOUNCES_OWN,
        READ_RECORD,
    ),
}
"""What a function may not although another one may."""

ALLOWED: dict[str, tuple[Call, ...]] = {
    "UploadApi": (
        *UPLOAD_APIS_OWN,
        *APIS_OWN,
        READ_SOURCE,
        READ_RECORD,
        PUT_RECORD,
        UPDATE_RECORD,
        DELETE_RECORD,
        START,
    ),
    "Caption": (READ_MEDIA, LIST_MEDIA, WRITE_MEDIA, DELETE_MEDIA, READ_ENTRY, NOTE_CAPTIONS),
    "UpdateMetadata": (*_REMOVALS, DELETE_RECORD),
    "Announce": (*ANNOUNCES_OWN, READ_RECORD, LIST_WEBHOOKS),
    "DeliverWebhook": (*DELIVERIES_OWN, LIST_WEBHOOKS, NOTE_DELIVERY),
    "PlayApi": (
        *APIS_OWN,
        READ_WORK,
        LIST_WORK,
        KEEP_CAPTION,
        READ_RECORD,
        PUT_RECORD,
        UPDATE_RECORD,
        DELETE_RECORD,
        START,
    ),
}
"""What has to be allowed for the API, for what is removed through it, and for events to work."""
