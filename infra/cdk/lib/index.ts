/** Millrace as constructs of the AWS CDK. README.md beside this folder says how to use them. */

export { Alarms, AlarmsProps } from './alarms';
export { Api } from './api';
export { ApiFunctions, ApiFunctionsProps } from './api-functions';
export { Database } from './database';
export { Events, EventsProps } from './events';
export { HeavyTarget, HeavyWork, HeavyWorkProps } from './heavy';
export { Identity } from './identity';
export { Millrace, MillraceProps } from './millrace';
export { Network, NetworkProps, Place } from './network';
export { Origin, OriginProps } from './origin';
export { MillracePackages, packagesOf } from './packages';
export { Policies } from './policies';
export { Queues } from './queues';
export { Schema, SchemaProps } from './schema';
export { MillraceSettings, Settings, fromContext, settle } from './settings';
export { Signing } from './signing';
export { MillraceStack } from './stack';
export { Stages, StagesProps } from './stages';
export { Storage } from './storage';
export { Transcode, TranscodeProps } from './transcode';
export { Trigger, TriggerProps } from './trigger';
