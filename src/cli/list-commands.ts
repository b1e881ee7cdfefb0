import { writeFileSync } from 'node:fs';
import { loadCommands } from './commands.ts';

// Run once by the build, beside the bundle: what commands say of themselves, for help that loads none of them.
const [, , file = ''] = process.argv;
writeFileSync(file, JSON.stringify(await loadCommands([])));
