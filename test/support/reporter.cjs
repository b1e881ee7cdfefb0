const { Spec } = require('mocha').reporters;

/** Mocha's spec reporter, with the count as one plain last line that a script can read. */
module.exports = class Reporter extends Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    process.stdout.write(`${passes} passed, ${failures} failed${pending ? `, ${pending} skipped` : ''}\n`);
  }
};
