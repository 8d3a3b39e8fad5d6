"""Calls that the roles of the template must refuse."""

from __future__ import annotations

from typing import Any

Call = tuple[str, str, dict[str, Any]]
"""Service, operation, arguments; in these, ``{Name}`` is an output of the template."""

ITEM = {"pk": {"S": "JOB#1"}, "sk": {"S": "JOB"}}
_EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:millrace-template-transcode:1"

NOBODY: tuple[Call, ...] = (
    ("s3", "list_buckets", {}),
    ("s3", "put_object", {"Bucket": "{UploadsBucket}", "Key": "a"}),
    ("s3", "delete_object", {"Bucket": "{UploadsBucket}", "Key": "a"}),
    ("s3", "delete_object", {"Bucket": "{MediaBucket}", "Key": "elsewhere"}),
    ("s3", "put_object", {"Bucket": "{MediaBucket}", "Key": "elsewhere"}),
    ("s3", "put_object", {"Bucket": "{WorkBucket}", "Key": "elsewhere"}),
    ("s3", "delete_bucket", {"Bucket": "{MediaBucket}"}),
    ("s3", "put_bucket_policy", {"Bucket": "{MediaBucket}", "Policy": "{{}}"}),
    ("dynamodb", "scan", {"TableName": "{Table}"}),
    ("dynamodb", "query", {"TableName": "{Table}", "KeyConditionExpression": "pk = a"}),
    ("dynamodb", "delete_item", {"TableName": "{Table}", "Key": ITEM}),
    ("dynamodb", "delete_table", {"TableName": "{Table}"}),
    ("dynamodb", "get_item", {"TableName": "another", "Key": ITEM}),
    ("stepfunctions", "stop_execution", {"executionArn": _EXECUTION}),
    ("stepfunctions", "delete_state_machine", {"stateMachineArn": "{StateMachineArn}"}),
    ("lambda", "invoke", {"FunctionName": "{EncodeAudioFunction}"}),
    ("lambda", "get_function", {"FunctionName": "{TriggerFunction}"}),
    ("sqs", "send_message", {"QueueUrl": "{UploadsQueueUrl}", "MessageBody": "a"}),
    ("sqs", "receive_message", {"QueueUrl": "{FailedEventsQueueUrl}"}),
    ("sqs", "receive_message", {"QueueUrl": "{UploadsDeadLettersUrl}"}),
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

TRIGGERS_OWN = (LIST_UPLOADS, FIND_JOBS, KNOWN_JOBS, START, FOLLOW, TAKE_MESSAGE, KEEP_EVENT)
"""What trigger may and no stage."""

_NO_STAGE = (*TRIGGERS_OWN, DELETE_WORK, DELETE_MEDIA, PUT_RECORD)

FORBIDDEN: dict[str, tuple[Call, ...]] = {
    "Trigger": (READ_WORK, WRITE_WORK, DELETE_WORK, READ_MEDIA, WRITE_MEDIA, DELETE_MEDIA),
    "Segment": (*_NO_STAGE, READ_MEDIA, LIST_MEDIA, WRITE_MEDIA),
    "EncodeVideo": (*_NO_STAGE, READ_MEDIA, LIST_MEDIA),
    "EncodeAudio": (*_NO_STAGE, READ_MEDIA, LIST_MEDIA),
    "Thumbnail": _NO_STAGE,
    "AssembleManifest": (*_NO_STAGE, READ_SOURCE),
    "UpdateMetadata": (*TRIGGERS_OWN, READ_SOURCE, WRITE_WORK, WRITE_MEDIA),
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
}
"""What a function may not although another one may."""
