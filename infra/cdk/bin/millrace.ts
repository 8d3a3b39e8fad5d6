/** The app: one stack, set up by context, `cdk deploy -c databaseKind=aurora` for example. */

import { App } from 'aws-cdk-lib';
import { MillraceStack, fromContext, packagesOf } from '../lib';

const app = new App({ analyticsReporting: false });
const context = (name: string): unknown => app.node.tryGetContext(name);
new MillraceStack(app, String(context('stackName') ?? 'millrace'), {
  ...fromContext(context),
  packages: packagesOf(String(context('checkout') ?? '../..')),
});
