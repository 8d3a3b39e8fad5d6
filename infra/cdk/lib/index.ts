/** Millrace as constructs of the AWS CDK. README.md beside this folder says how to use them. */

export { Alarms } from './alarms';
export { Database } from './database';
export { HeavyTarget, HeavyWork, HeavyWorkProps } from './heavy';
export { Millrace, MillraceProps } from './millrace';
export { Network, NetworkProps, Place } from './network';
export { MillracePackages, packagesOf } from './packages';
export { Policies } from './policies';
export { Queues } from './queues';
export { Schema, SchemaProps } from './schema';
export { MillraceSettings, Settings, fromContext, settle } from './settings';
export { MillraceStack } from './stack';
export { Stages, StagesProps } from './stages';
export { Storage } from './storage';
export { Transcode, TranscodeProps } from './transcode';
export { Trigger, TriggerProps } from './trigger';
