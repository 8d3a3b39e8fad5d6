import { Validations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * Says why findings of cdk-nag are right as they are: for each rule, the reason. They hold for the
 * construct and all in it.
 */
export function acknowledge(construct: IConstruct, reasons: Record<string, string>): void {
  const rules = Object.entries(reasons).map(([id, reason]) => ({ id, reason }));
  Validations.of(construct).acknowledge(...rules);
}
