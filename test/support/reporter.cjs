const { appendFileSync } = require('node:fs');
const { Spec } = require('mocha').reporters;

/**
 * Mocha's spec reporter, with the count as one plain last line that a script can read. Of a run in parts the count goes to
 * the file that `TEST_COUNTS` names, and whoever started the parts adds them up. A failure is printed when it happens, too: a
 * long run may not get to its end.
 */
module.exports = class Reporter extends Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.on('fail', (_test, { stack, message }) => process.stdout.write(`${stack ?? message}\n`));
  }

  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    const file = process.env.TEST_COUNTS;
    if (file) appendFileSync(file, `${JSON.stringify({ passes, failures, pending })}\n`);
    else
      process.stdout.write(`${passes} passed, ${failures} failed${pending ? `, ${pending} skipped` : ''}\n`);
  }
};
