import { Stack, Validations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** Why buckets and queues take plain HTTP where they do. */
export const PLAIN_HTTP_ASKED_FOR = 'requireTls is false: for an emulator, which speaks plain HTTP';

/**
 * Says why findings of cdk-nag are right as they are: for each rule, the reason. They hold for the
 * construct and all in it.
 */
export function acknowledge(construct: IConstruct, reasons: Record<string, string>): void {
  const rules = Object.entries(reasons).map(([id, reason]) => ({ id, reason }));
  Validations.of(construct).acknowledge(...rules);
}

/** Says why a role or policy may act on resources with `*` in their names. */
export function acknowledgeWildcards(
  construct: IConstruct,
  reasons: readonly (readonly [resource: string, reason: string])[],
): void {
  const rules = reasons.map(([resource, reason]) => {
    const name = flatten(Stack.of(construct).resolve(resource));
    return [`AwsSolutions-IAM5[Resource::${name}]`, reason] as const;
  });
  acknowledge(construct, Object.fromEntries(rules));
}

/** A resolved value as cdk-nag writes it: references in angle brackets. */
function flatten(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  const call = value as Record<string, unknown>;
  if (typeof call['Ref'] === 'string') {
    return `<${call['Ref']}>`;
  }
  if (call['Fn::GetAtt'] !== undefined) {
    return `<${(call['Fn::GetAtt'] as string[]).join('.')}>`;
  }
  if (call['Fn::Join'] !== undefined) {
    const [separator, parts] = call['Fn::Join'] as [string, unknown[]];
    return parts.map(flatten).join(separator);
  }
  return JSON.stringify(value);
}
