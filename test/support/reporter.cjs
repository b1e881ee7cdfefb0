const { appendFileSync } = require('node:fs');
const { Spec } = require('mocha').reporters;

/**
 * Mocha's spec reporter, with the count as one plain last line that a script can read. Of a run in parts the count goes to
 * the file that `TEST_COUNTS` names, and whoever started the parts adds them up.
 */
module.exports = class Reporter extends Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    const file = process.env.TEST_COUNTS;
    if (file) appendFileSync(file, `${JSON.stringify({ passes, failures, pending })}\n`);
    else
      process.stdout.write(`${passes} passed, ${failures} failed${pending ? `, ${pending} skipped` : ''}\n`);
  }
};
