/** Reads a workflow of GitHub Actions on standard input, and prints what GitHub's own parser finds wrong, as JSON. */
import { registerHooks } from 'node:module';
import { text } from 'node:stream/consumers';

// The parser imports its schema in a way that bundlers take and Node does not.
registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    return found.url.endsWith('.json') ? { ...found, importAttributes: { type: 'json' } } : found;
  },
});
const { NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser');

const workflow = { name: 'workflow.yml', content: await text(process.stdin) };
const { context } = parseWorkflow(workflow, new NoOperationTraceWriter());
process.stdout.write(JSON.stringify(context.errors.getErrors().map(({ message }) => message)));
