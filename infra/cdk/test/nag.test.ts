import { Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { IConstruct } from 'constructs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTINGS, stack } from './support';

/** What cdk-nag finds and nobody has explained: rule and path. */
function findings(checked: Stack, checks = new AwsSolutionsChecks()): string[] {
  return checks
    .validateScope(checked)
    .violations.flatMap((violation) =>
      violation.violatingResources.map(
        (resource) => `${violation.ruleName} at ${resource.constructPath}`,
      ),
    );
}

/** Rules that are explained for a construct or for what it is in. */
function explained(construct: IConstruct): string[] {
  const key = Validations.ACKNOWLEDGED_RULES_METADATA_KEY;
  return construct.node.metadata
    .filter((entry) => entry.type === key)
    .flatMap((entry) => Object.keys(entry.data as object))
    .map((id) => id.replace(/^annotation::/i, ''));
}

for (const [name, settings] of Object.entries(SETTINGS)) {
  test(`cdk-nag finds nothing unexplained: ${name}`, () => {
    assert.deepEqual(findings(stack(settings)), []);
  });
}

test('each explanation is of something that cdk-nag finds', () => {
  const [explanations, found] = [new Set<string>(), new Set<string>()];
  for (const settings of Object.values(SETTINGS)) {
    const checked = stack(settings);
    // As if nothing had been explained.
    const checks = new AwsSolutionsChecks();
    Object.assign(checks as object, { isAcknowledged: () => false });
    findings(checked, checks).forEach((finding) => found.add(finding));
    for (const construct of checked.node.findAll()) {
      for (const rule of explained(construct)) {
        explanations.add(`${rule} at ${construct.node.path}`);
      }
    }
  }
  const all = [...found];
  const idle = [...explanations].filter((each) => !all.some((finding) => finding.startsWith(each)));
  assert.ok(all.length > 0);
  assert.deepEqual(idle, []);
});

test('a finding that is not explained is found', () => {
  const checked = stack();
  const bucket = checked.node.findAll().find((each) => each.node.id === 'WorkBucketPolicy');
  bucket?.node.scope?.node.tryRemoveChild('WorkBucketPolicy');
  assert.deepEqual(findings(checked), [
    'AwsSolutions-S10 at millrace/Millrace/Storage/WorkBucket/Resource',
  ]);
});
